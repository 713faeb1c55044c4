namespace Microsoft.ML.Vit;

/// <summary>What one epoch (one pass over the training images) gave.</summary>
public sealed record EpochMetrics
{
    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>How many epochs there will be: exact without a time budget, an estimate with one.</summary>
    public required int Epochs { get; init; }

    /// <summary>Mean training loss over the epoch's images (cross-entropy in nats, with label smoothing where it is on).</summary>
    public required double TrainingLoss { get; init; }

    /// <summary>Share of the epoch's images that were classified right while training (augmented images, changing weights); 0 to 1.</summary>
    public required double TrainingAccuracy { get; init; }

    /// <summary>Mean cross-entropy in nats over the whole validation set; null without one.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Share of the whole validation set that is classified right, 0 to 1; null without one.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>The learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Training images per second, validation left out.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>
    /// Share of the epoch's training time (validation left out) in which the model had nothing to do but wait for its next batch to be read and augmented, 0 to 1; batches are made ahead on other
    /// threads, so little where input keeps up. 0 in models saved before it was measured.
    /// </summary>
    public double InputWaitShare { get; init; }

    /// <summary>
    /// Share of the epoch's training time, validation left out, that the optimizer's steps took; 0 to 1. On a GPU only the time to start them. 0 in models saved before it was measured.
    /// </summary>
    public double OptimizerShare { get; init; }

    /// <summary>
    /// Seconds that training has taken up to the epoch's end, validation and earlier runs of a resumed training included; reading the images and pre-training, which come before it, are not. 0 in
    /// models saved before it was measured.
    /// </summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>Estimated time to the end of training, in seconds.</summary>
    public required double SecondsLeft { get; init; }
}
