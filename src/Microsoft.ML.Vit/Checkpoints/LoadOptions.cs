namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>What may differ between a checkpoint and the network that it is loaded into; nothing, where none of it is set.</summary>
internal sealed record LoadOptions
{
    /// <summary>Whether the network keeps its own classifier (head, its hidden layer, and the second head), whatever the checkpoint has.</summary>
    public bool KeepsOwnHead { get; init; }

    /// <summary>In <see cref="HeadRows"/>: the checkpoint does not have the class, and the network's own row stays.</summary>
    public const int NoRow = -1;

    /// <summary>Where classes are others or in another order: for each of the network's, the checkpoint's row.</summary>
    public IReadOnlyList<int>? HeadRows { get; init; }

    /// <summary>How many classes the checkpoint has, where they are not as many as the network's.</summary>
    public int? HeadClasses { get; init; }

    /// <summary>The checkpoint's own architecture, where its image size differs, and how its positions are resized.</summary>
    public (VitConfig Model, PositionResize Method)? Positions { get; init; }
}
