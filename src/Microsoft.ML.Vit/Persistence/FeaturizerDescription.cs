namespace Microsoft.ML.Vit.Persistence;

/// <summary>All of a featurizer but its weights.</summary>
internal sealed record FeaturizerDescription : NetworkDescription
{
    /// <summary>The added vector.</summary>
    public required string OutputColumn { get; init; }

    /// <summary>Which vector.</summary>
    public required VitEmbedding Embedding { get; init; }

    /// <inheritdoc/>
    protected override IEnumerable<string> Problems() =>
        base.Problems().Concat(NameProblems((nameof(FeatureColumn), FeatureColumn), (nameof(OutputColumn), OutputColumn)));
}
