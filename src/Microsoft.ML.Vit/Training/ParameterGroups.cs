using TorchSharp.Modules;

namespace Microsoft.ML.Vit.Training;

/// <summary>Which parameter is treated how, decided by its name (timm's) and shape, as in timm's <c>param_groups_weight_decay</c>.</summary>
internal static class ParameterGroups
{
    /// <summary>Whether it is a matrix inside a block (qkv, proj, fc1, fc2), of the network or of pre-training's decoder: what Muon trains.</summary>
    public static bool IsBlockMatrix(string name, ReadOnlySpan<long> shape) =>
        shape.Length == 2 && (name.StartsWith("blocks.", StringComparison.Ordinal) || name.StartsWith("decoder.blocks.", StringComparison.Ordinal));

    /// <summary>Whether it gets weight decay: matrices and convolutions, not biases, norms, scales, positions and tokens.</summary>
    public static bool IsDecayed(string name, ReadOnlySpan<long> shape) =>
        shape.Length > 1 && name is not ("pos_embed" or "cls_token" or "reg_token" or "dist_token");

    /// <summary>One group with weight decay and one without; none that is empty. All at the base learning rate.</summary>
    public static IReadOnlyList<ParameterGroup> ByDecay(IEnumerable<(string Name, Parameter Value)> parameters, double weightDecay) =>
    [
        .. parameters
            .GroupBy(p => IsDecayed(p.Name, p.Value.shape) ? weightDecay : 0)
            .Select(group => new ParameterGroup([.. group], learningRateFactor: 1, weightDecay: group.Key)),
    ];
}
