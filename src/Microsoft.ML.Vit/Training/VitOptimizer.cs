using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit;

/// <summary>An optimizer and its hyperparameters: <see cref="AdamWOptimizer"/>, <see cref="SgdOptimizer"/> or <see cref="MuonOptimizer"/>.</summary>
public abstract record VitOptimizer
{
    private protected VitOptimizer()
    {
    }

    /// <summary>The highest learning rate of the schedule, above zero. The default depends on the optimizer.</summary>
    public double LearningRate { get; init; }

    /// <summary>Weight decay, not on biases, norms, positions and tokens; not negative. The default depends on the optimizer.</summary>
    public double WeightDecay { get; init; }

    /// <summary>The optimizer of these parameters, its state at zero. The caller disposes it.</summary>
    /// <param name="parameters">Those to train, under timm's names.</param>
    internal abstract IOptimizer Build(IReadOnlyList<(string Name, Parameter Value)> parameters);

    /// <summary>What is wrong with the hyperparameters, none when they are sound.</summary>
    internal virtual IEnumerable<string> Problems()
    {
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)))
        {
            yield return Problem(nameof(LearningRate), LearningRate, "a finite number above 0");
        }
        if (!(WeightDecay >= 0 && double.IsFinite(WeightDecay)))
        {
            yield return Problem(nameof(WeightDecay), WeightDecay, "a finite number, 0 or above");
        }
    }

    private protected string Problem(string property, object value, string expected) => $"{GetType().Name}.{property} is {value}; expected {expected}.";

    /// <summary>Decay rates and momenta: 0 to below 1. False for NaN.</summary>
    private protected static bool IsBelowOne(double value) => value >= 0 && value < 1;
}
