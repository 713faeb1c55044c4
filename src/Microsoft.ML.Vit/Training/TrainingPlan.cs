namespace Microsoft.ML.Vit.Training;

/// <summary>What the loop is to do, every default resolved.</summary>
internal sealed record TrainingPlan
{
    /// <summary>Passes over the images at most; null when only the budget ends the training.</summary>
    public required int? Epochs { get; init; }

    /// <summary>Wall-clock time that is left for training; null when only the epochs end it.</summary>
    public required TimeSpan? Budget { get; init; }

    /// <summary>Images of a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Images per forward pass when validating.</summary>
    public required int ScoringBatchSize { get; init; }

    /// <summary>The optimizer and its hyperparameters.</summary>
    public required VitOptimizer Optimizer { get; init; }

    /// <summary>Share of the training in which the learning rate rises.</summary>
    public required double WarmupFraction { get; init; }

    /// <summary>The last learning rate as a share of the highest.</summary>
    public required double FinalLearningRateFraction { get; init; }

    /// <summary>Global norm that gradients are scaled down to; null for none.</summary>
    public required double? GradientClipNorm { get; init; }

    /// <summary>Share of the target spread over all classes.</summary>
    public required double LabelSmoothing { get; init; }

    /// <summary>What each class counts in the loss; null for all alike.</summary>
    public required float[]? ClassWeights { get; init; }

    /// <summary>Batches whose gradients make one step.</summary>
    public required int GradientAccumulation { get; init; }

    /// <summary>The running average of the weights; null for none.</summary>
    public required ExponentialMovingAverage? WeightAverage { get; init; }

    /// <summary>How images of a batch are mixed; null for not.</summary>
    public required BatchMixing? Mixing { get; init; }

    /// <summary>Random changes of the images, in order.</summary>
    public required IReadOnlyList<VitAugmentation> Augmentations { get; init; }

    /// <summary>How often an epoch shows an image in a row.</summary>
    public required int RepeatedAugmentations { get; init; }

    /// <summary>Whether classes are drawn equally often.</summary>
    public required bool BalancedSampling { get; init; }

    /// <summary>Whether all but the classifier is frozen, and so neither drops units nor updates statistics.</summary>
    public required bool FreezesBackbone { get; init; }

    /// <summary>Epochs without a better validation before training stops; null for never.</summary>
    public required int? EarlyStoppingPatience { get; init; }

    /// <summary>Whether a training that is cancelled after its first step ends with what it has, instead of throwing.</summary>
    public required bool CancelledReturnsBest { get; init; }

    /// <summary>Whether backward computes each block anew in place of keeping its activations.</summary>
    public required bool GradientCheckpointing { get; init; }
}
