namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Where a training stands, all numbers but the tensors. Everything random is a function of the seed, the epoch and the place in it (<see cref="Batching.RandomStreams"/>), so the position is the
/// generators' state too.
/// </summary>
internal sealed record TrainingProgress
{
    /// <summary>The epoch under way, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>The epoch's next batch, from 0.</summary>
    public required int Batch { get; init; }

    /// <summary>Optimizer steps done, which are also those averaged over.</summary>
    public required long Steps { get; init; }

    /// <summary>Share of the schedule that lies behind, 0 to 1.</summary>
    public required double Position { get; init; }

    /// <summary>Share of the schedule that the last step took.</summary>
    public required double StepLength { get; init; }

    /// <summary>Seconds that training took so far, which a time budget counts.</summary>
    public required double Seconds { get; init; }

    /// <summary>The seconds that the schedule is laid over; null where only steps end the training.</summary>
    public required double? BudgetSeconds { get; init; }

    /// <summary>Seconds that training took so far in the epoch under way.</summary>
    public required double EpochSeconds { get; init; }

    /// <summary>Seconds of those in which batches were waited for.</summary>
    public required double InputSeconds { get; init; }

    /// <summary>Seconds of those that the optimizer took.</summary>
    public required double OptimizerSeconds { get; init; }

    /// <summary>The schedule's factor of the last step.</summary>
    public required double LearningRateFactor { get; init; }

    /// <summary>Sum of the losses of the epoch's images so far.</summary>
    public required double LossSum { get; init; }

    /// <summary>The epoch's images classified right so far.</summary>
    public required long Correct { get; init; }

    /// <summary>The epoch's images so far.</summary>
    public required long Images { get; init; }

    /// <summary>Validation accuracy of the best epoch; null before the first validation.</summary>
    public required double? BestAccuracy { get; init; }

    /// <summary>Validation loss of the best epoch; null before the first validation.</summary>
    public required double? BestLoss { get; init; }

    /// <summary>Epochs since the best one.</summary>
    public required int EpochsSinceBest { get; init; }

    /// <summary>Whether there is nothing left to train.</summary>
    public required bool IsOver { get; init; }

    /// <summary>More than any count or time of a training.</summary>
    private const double Most = 1e11;

    /// <summary>What cannot be, a sentence each; none when it is sound.</summary>
    public IEnumerable<string> Problems()
    {
        (string Name, double Value, double Least)[] counts =
        [
            (nameof(Epoch), Epoch, 1), (nameof(Batch), Batch, 0), (nameof(Steps), Steps, 0), (nameof(Position), Position, 0), (nameof(StepLength), StepLength, 0),
            (nameof(Seconds), Seconds, 0), (nameof(BudgetSeconds), BudgetSeconds ?? 0, 0), (nameof(EpochSeconds), EpochSeconds, 0), (nameof(InputSeconds), InputSeconds, 0),
            (nameof(OptimizerSeconds), OptimizerSeconds, 0), (nameof(LearningRateFactor), LearningRateFactor, 0), (nameof(Correct), Correct, 0), (nameof(Images), Images, Correct),
            (nameof(EpochsSinceBest), EpochsSinceBest, 0),
        ];
        IEnumerable<string> below = counts.Where(c => !(c.Value >= c.Least && double.IsFinite(c.Value) && c.Value < Most)).Select(c => $"{c.Name} is {c.Value}; expected {c.Least} to {Most}.");
        return BestAccuracy.HasValue == BestLoss.HasValue ? below : below.Append($"{nameof(BestAccuracy)} and {nameof(BestLoss)} go together.");
    }
}
