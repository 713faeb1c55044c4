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

    /// <summary>
    /// What the learning rate of each block is, as a share of the next block's; the embedding stands before the first block, final norm and head after the last (Bao et al. 2021, arXiv 2106.08254).
    /// Above 0, at most 1; fine-tuning wants about 0.65 to 0.75. Default 1: all learn alike.
    /// </summary>
    public double LayerDecay { get; init; } = 1;

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
        if (!(LayerDecay > 0 && LayerDecay <= 1))
        {
            yield return Problem(nameof(LayerDecay), LayerDecay, "above 0, at most 1");
        }
    }

    private protected string Problem(string property, object value, string expected) => $"{GetType().Name}.{property} is {value}; expected {expected}.";

    /// <summary>Decay rates and momenta: 0 to below 1. False for NaN.</summary>
    private protected static bool IsBelowOne(double value) => value >= 0 && value < 1;
}
