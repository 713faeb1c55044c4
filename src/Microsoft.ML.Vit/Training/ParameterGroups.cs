using System.Globalization;
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

    /// <summary>
    /// Parameters that share their weight decay, or have none, and their learning rate; no group is empty. With a layer decay below 1 (Bao et al. 2021, arXiv 2106.08254) the learning rate of
    /// layer k is multiplied by its power of depth + 1 - k: layer 0 is the embedding, k the k-th block, depth + 1 the final norm and the head, or the decoder of pre-training.
    /// </summary>
    /// <param name="parameters">Under timm's names.</param>
    /// <param name="weightDecay">Of those that have it.</param>
    /// <param name="layerDecay">Above 0, at most 1.</param>
    /// <param name="depth">Blocks of the network.</param>
    public static IReadOnlyList<ParameterGroup> Of(IEnumerable<(string Name, Parameter Value)> parameters, double weightDecay, double layerDecay, int depth) =>
    [
        .. parameters
            .GroupBy(p => (Factor: Math.Pow(layerDecay, depth + 1 - Layer(p.Name, depth)), Decay: IsDecayed(p.Name, p.Value.shape) ? weightDecay : 0))
            .Select(group => new ParameterGroup([.. group], group.Key.Factor, group.Key.Decay)),
    ];

    /// <summary>Blocks that these parameters belong to, first to last.</summary>
    public static int Depth(IEnumerable<(string Name, Parameter Value)> parameters) =>
        parameters.Where(p => p.Name.StartsWith("blocks.", StringComparison.Ordinal)).Select(p => Block(p.Name) + 1).DefaultIfEmpty(0).Max();

    private static int Layer(string name, int depth) =>
        name.Split('.')[0] switch
        {
            "blocks" => Block(name) + 1,
            "norm" or "fc_norm" or "pre_logits" or "head" or "head_dist" or "decoder" => depth + 1,
            _ => 0,
        };

    private static int Block(string name) => int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture);
}
