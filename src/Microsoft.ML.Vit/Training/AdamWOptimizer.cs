using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit;

/// <summary>AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101). Learning rate 1e-3 and weight decay 0.05 by default.</summary>
public sealed record AdamWOptimizer : VitOptimizer
{
    /// <summary>The defaults.</summary>
    public AdamWOptimizer()
    {
        LearningRate = 1e-3;
        WeightDecay = 0.05;
    }

    /// <summary>Decay of the gradients' mean, 0 to below 1. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradients' mean, 0 to below 1. Default 0.99: short trainings want it below the usual 0.999.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Added to the denominator, above zero. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal override IOptimizer Build(IReadOnlyList<(string Name, Parameter Value)> parameters) =>
        new FusedAdamW(this, ParameterGroups.Of(parameters, WeightDecay, LayerDecay, ParameterGroups.Depth(parameters)));

    internal override IEnumerable<string> Problems()
    {
        foreach (string problem in base.Problems())
        {
            yield return problem;
        }
        if (!IsBelowOne(Beta1))
        {
            yield return Problem(nameof(Beta1), Beta1, "0 to below 1");
        }
        if (!IsBelowOne(Beta2))
        {
            yield return Problem(nameof(Beta2), Beta2, "0 to below 1");
        }
        if (!(Epsilon > 0 && double.IsFinite(Epsilon)))
        {
            yield return Problem(nameof(Epsilon), Epsilon, "a finite number above 0");
        }
    }
}
