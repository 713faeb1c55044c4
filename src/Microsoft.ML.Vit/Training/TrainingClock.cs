using System.Diagnostics;

namespace Microsoft.ML.Vit.Training;

/// <summary>How far a training has come: by its steps, by its time budget, or by whichever of the two is further.</summary>
internal sealed class TrainingClock
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly long? _steps;
    private readonly int _stepsPerEpoch;
    private double _before;
    private double _position;
    private double _stepLength;

    public TrainingClock(int? epochs, TimeSpan? budget, int stepsPerEpoch)
    {
        Budget = budget;
        _steps = epochs * (long)stepsPerEpoch;
        _stepsPerEpoch = stepsPerEpoch;
        _stepLength = _steps is null ? 0 : 1.0 / _steps.Value;
    }

    /// <summary>The time over which the schedule is laid; null where only steps end the training.</summary>
    public TimeSpan? Budget { get; private set; }

    /// <summary>Share of the training that lies behind, 0 to 1.</summary>
    public double Position => _position;

    /// <summary>Share of the training that a step takes.</summary>
    public double StepLength => _stepLength;

    /// <summary>Whether the training is at its end.</summary>
    public bool IsOver => _position >= 1;

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Seconds spent, those of earlier runs of the training included.</summary>
    public double Seconds => _before + _watch.Elapsed.TotalSeconds;

    /// <summary>Epochs in all: exact by steps, an estimate where the budget ends the training.</summary>
    public int Epochs => Math.Max(1, (int)Math.Ceiling(Steps / Math.Max(_position, 1e-9) / _stepsPerEpoch - 1e-6));

    /// <summary>Seconds to the end, as far as the past tells.</summary>
    public double SecondsLeft => _position > 0 ? Seconds * Math.Max(0, 1 - _position) / _position : 0;

    /// <summary>Goes on from where an earlier run of the training stood, with that run's budget: however long this one took to begin, the schedule stays as it was.</summary>
    public void Resume(TrainingProgress earlier)
    {
        (Steps, _position, _stepLength, _before) = (earlier.Steps, earlier.Position, earlier.StepLength, earlier.Seconds);
        _watch.Restart();
        Budget = earlier.BudgetSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>A step was done.</summary>
    public void Advance()
    {
        Steps++;
        double byTime = Budget is null ? 0 : Seconds / Budget.Value.TotalSeconds;
        double bySteps = _steps is null ? 0 : (double)Steps / _steps.Value;
        double before = _position;
        _position = Math.Max(byTime, bySteps);
        _stepLength = _position - before;
    }
}
