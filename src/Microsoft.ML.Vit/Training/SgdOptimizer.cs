using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit;

/// <summary>
/// Stochastic gradient descent with momentum, in PyTorch's form: weight decay is added to the gradient. Learning rate 0.03 and weight decay 0 by
/// default, as in the ViT paper's fine-tuning.
/// </summary>
public sealed record SgdOptimizer : VitOptimizer
{
    /// <summary>The defaults.</summary>
    public SgdOptimizer()
    {
        LearningRate = 0.03;
    }

    /// <summary>Momentum, 0 to below 1. Default 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Whether the momentum is Nesterov's, which needs one above zero. Default false.</summary>
    public bool Nesterov { get; init; }

    internal override IOptimizer Build(IReadOnlyList<(string Name, Parameter Value)> parameters) =>
        new FusedSgd(this, ParameterGroups.Of(parameters, WeightDecay, LayerDecay, ParameterGroups.Depth(parameters)));

    internal override IEnumerable<string> Problems()
    {
        foreach (string problem in base.Problems())
        {
            yield return problem;
        }
        if (!IsBelowOne(Momentum))
        {
            yield return Problem(nameof(Momentum), Momentum, "0 to below 1");
        }
        if (Nesterov && Momentum == 0)
        {
            yield return Problem(nameof(Momentum), Momentum, "above 0 where Nesterov is true");
        }
    }
}
