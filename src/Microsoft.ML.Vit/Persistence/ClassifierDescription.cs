using System.Text.Json.Serialization;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>All of a trained classifier but its weights.</summary>
internal sealed record ClassifierDescription : NetworkDescription
{
    /// <summary>The added key column.</summary>
    public required string PredictedLabelColumn { get; init; }

    /// <summary>The added vector of probabilities.</summary>
    public required string ScoreColumn { get; init; }

    /// <summary>Type of the label's key values; null for keys without values.</summary>
    public required string? LabelType { get; init; }

    /// <summary>The label's key values as text.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>What each epoch of the training gave; empty for a checkpoint used as it is.</summary>
    public required IReadOnlyList<EpochMetrics> History { get; init; }

    /// <summary>What quantisation cost; null, and left out, for a model in float32.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public QuantizationFigures? Quantization { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsQuantized => Quantization is not null;

    /// <inheritdoc/>
    protected override IEnumerable<string> Problems()
    {
        IEnumerable<string> counts = Labels.Count == Model.Classes ? [] : [$"{Labels.Count} labels for {Model.Classes} classes."];
        return base.Problems().Concat(counts).Concat(Quantization?.Problems() ?? []).Concat(NameProblems(
            (nameof(FeatureColumn), FeatureColumn), (nameof(PredictedLabelColumn), PredictedLabelColumn), (nameof(ScoreColumn), ScoreColumn)));
    }
}
