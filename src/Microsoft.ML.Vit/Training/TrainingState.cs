using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Where a training stands, after its last whole step: the position in the data and the schedule, the metrics of the epoch under way, and the tensors that the steps change. All of it can be
/// kept and taken up again, and the training then goes on bit for bit as if it had not stopped.
/// </summary>
internal sealed class TrainingState(VisionTransformer network, IOptimizer optimizer, AveragedWeights? average, BestWeights best, TrainingClock clock) : IDisposable
{
    private readonly List<(Tensor Current, Tensor Before)> _buffers = [];
    private double _epochStart;
    private TimeSpan _waited;
    private TimeSpan _optimized;

    /// <summary>The epoch under way, from 1.</summary>
    public int Epoch { get; private set; } = 1;

    /// <summary>The epoch's next batch, from 0.</summary>
    public int Batch { get; private set; }

    /// <summary>Of the epoch under way.</summary>
    public RunningMetrics Metrics { get; private set; } = new();

    /// <summary>The schedule's factor of the last step.</summary>
    public double LearningRateFactor { get; private set; }

    /// <summary>Seconds of the epoch under way in which batches were waited for.</summary>
    public double InputSeconds { get; private set; }

    /// <summary>Seconds of the epoch under way that the optimizer took.</summary>
    public double OptimizerSeconds { get; private set; }

    /// <summary>Seconds of the epoch under way.</summary>
    public double EpochSeconds => clock.Seconds - _epochStart;

    /// <summary>Whether an epoch has begun and not ended, be it that only its validation is left.</summary>
    public bool IsWithinEpoch => Batch > 0;

    /// <summary>Takes up where the store says that the training stood; where it says nothing, it gets the beginning, before which there may have been pre-training.</summary>
    public void Resume(ITrainingStore? store)
    {
        if (store?.Earlier is not { } earlier)
        {
            RememberBuffers();
            Keep(store, isOver: false);
            return;
        }
        (Epoch, Batch, LearningRateFactor) = (earlier.Epoch, earlier.Batch, earlier.LearningRateFactor);
        Metrics = new RunningMetrics();
        Metrics.Add(earlier.LossSum, earlier.Correct, earlier.Images);
        clock.Resume(earlier);
        _epochStart = earlier.Seconds - earlier.EpochSeconds;
        (InputSeconds, OptimizerSeconds) = (earlier.InputSeconds, earlier.OptimizerSeconds);
        optimizer.Steps = earlier.Steps;
        best.Resume(earlier is { BestAccuracy: { } accuracy, BestLoss: { } loss } ? (accuracy, loss) : null, earlier.EpochsSinceBest);
        if (average is not null)
        {
            average.Steps = earlier.Steps;
        }
        using var scope = NewDisposeScope();
        store.Read(Tensors());
        RememberBuffers();
    }

    /// <summary>Gives the state to the store.</summary>
    /// <param name="store">Null keeps nothing.</param>
    /// <param name="isOver">Whether the training has ended.</param>
    public void Keep(ITrainingStore? store, bool isOver)
    {
        using var scope = NewDisposeScope();
        store?.Write(Progress(isOver), Tensors());
    }

    /// <summary>Undoes what an unfinished step changed: a convolutional stem's statistics, which its forward pass moves on.</summary>
    public void Rewind()
    {
        using var noGrad = no_grad();
        foreach ((Tensor current, Tensor before) in _buffers)
        {
            current.copy_(before);
        }
    }

    /// <summary>An epoch begins, or goes on where an earlier run stopped within it. What came between, such as telling of the one before, counts to neither.</summary>
    public void EpochBegins()
    {
        if (!IsWithinEpoch)
        {
            _epochStart = clock.Seconds;
        }
    }

    /// <summary>A step was done.</summary>
    /// <param name="step">What its images gave.</param>
    /// <param name="batches">How many it had.</param>
    /// <param name="learningRateFactor">The schedule's.</param>
    /// <param name="waited">How long this run has waited for batches in all.</param>
    /// <param name="optimized">How long the optimizer has taken in all of this run.</param>
    public void StepDone(RunningMetrics step, int batches, double learningRateFactor, TimeSpan waited, TimeSpan optimized)
    {
        InputSeconds += (waited - _waited).TotalSeconds;
        OptimizerSeconds += (optimized - _optimized).TotalSeconds;
        (_waited, _optimized) = (waited, optimized);
        Batch += batches;
        Metrics.Add(step.LossSum, step.Correct, step.Count);
        LearningRateFactor = learningRateFactor;
        RememberBuffers();
    }

    /// <summary>The epoch is over, validation included.</summary>
    public void EpochDone()
    {
        Epoch++;
        Batch = 0;
        Metrics = new RunningMetrics();
        (InputSeconds, OptimizerSeconds) = (0, 0);
    }

    /// <summary>Frees what was remembered.</summary>
    public void Dispose() => _buffers.ForEach(buffer => buffer.Before.Dispose());

    private void RememberBuffers()
    {
        using var noGrad = no_grad();
        if (_buffers.Count == 0)
        {
            _buffers.AddRange(network.named_buffers().Select(b => (b.buffer, b.buffer.clone().DetachFromDisposeScope())));
        }
        foreach ((Tensor current, Tensor before) in _buffers)
        {
            before.copy_(current);
        }
    }

    private TrainingProgress Progress(bool isOver) => new()
    {
        Epoch = Epoch,
        Batch = Batch,
        Steps = clock.Steps,
        Position = clock.Position,
        StepLength = clock.StepLength,
        Seconds = clock.Seconds,
        BudgetSeconds = clock.Budget?.TotalSeconds,
        EpochSeconds = EpochSeconds,
        InputSeconds = InputSeconds,
        OptimizerSeconds = OptimizerSeconds,
        LearningRateFactor = LearningRateFactor,
        LossSum = Metrics.LossSum,
        Correct = Metrics.Correct,
        Images = Metrics.Count,
        BestAccuracy = best.Best?.Accuracy,
        BestLoss = best.Best?.Loss,
        EpochsSinceBest = best.EpochsSince,
        IsOver = isOver,
    };

    private IEnumerable<(string Name, Tensor Value)> Tensors()
    {
        IEnumerable<(string Prefix, IEnumerable<(string Name, Tensor Value)> Tensors)> parts =
            [("model", network.State()), ("optimizer", optimizer.State()), ("average", average?.State() ?? []), ("best", best.State())];
        return parts.SelectMany(part => part.Tensors.Select(tensor => ($"{part.Prefix}.{tensor.Name}", tensor.Value)));
    }
}
