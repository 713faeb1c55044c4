using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit;

/// <summary>
/// Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; torch.optim.Muon) for the matrices inside the blocks: the momentum-averaged gradient is replaced by its
/// nearest semi-orthogonal matrix. Everything else is trained by <see cref="AdamW"/>. <see cref="VitOptimizer.LearningRate"/> and
/// <see cref="VitOptimizer.WeightDecay"/> are Muon's own, 2e-3 and 0.05 by default.
/// </summary>
public sealed record MuonOptimizer : VitOptimizer
{
    /// <summary>The defaults.</summary>
    public MuonOptimizer()
    {
        LearningRate = 2e-3;
        WeightDecay = 0.05;
    }

    /// <summary>Nesterov momentum, 0 to below 1. Default 0.95.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>For all that is not a matrix inside a block. Default: AdamW with its defaults.</summary>
    public AdamWOptimizer AdamW { get; init; } = new();

    internal override IOptimizer Build(IReadOnlyList<(string Name, Parameter Value)> parameters)
    {
        ILookup<bool, (string Name, Parameter Value)> isMatrix = parameters.ToLookup(p => ParameterGroups.IsBlockMatrix(p.Name, p.Value.shape));
        int depth = ParameterGroups.Depth(parameters);
        return new Muon(
            this,
            ParameterGroups.Of(isMatrix[true], WeightDecay, LayerDecay, depth),
            new FusedAdamW(AdamW, ParameterGroups.Of(isMatrix[false], AdamW.WeightDecay, LayerDecay, depth)));
    }

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
        if (AdamW is null)
        {
            yield return Problem(nameof(AdamW), "null", "an AdamWOptimizer for all that is not a matrix inside a block");
            yield break;
        }
        if (AdamW.LayerDecay != 1)
        {
            yield return Problem("AdamW.LayerDecay", AdamW.LayerDecay, "1: MuonOptimizer.LayerDecay holds for all parameters");
        }
        foreach (string problem in AdamW.Problems())
        {
            yield return $"MuonOptimizer.AdamW: {problem}";
        }
    }
}
