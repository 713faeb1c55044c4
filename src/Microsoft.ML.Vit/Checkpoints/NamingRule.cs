using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Where the network's tensors of one kind come from in a checkpoint of one naming. In names, {i} stands for the number of a block and {p} for
/// weight or bias; both mean the same in target and sources.
/// </summary>
/// <param name="Target">The network's name, timm's.</param>
/// <param name="Sources">The checkpoint's names; several are joined along the first dimension, in this order.</param>
internal sealed record NamingRule(string Target, params string[] Sources)
{
    /// <summary>What becomes of the source on its way, where it is more than a copy or a joining; it may look at shapes but not at values.</summary>
    public Func<Tensor, VitConfig, Tensor>? Reshape { get; init; }

    /// <summary>Whether the source is taken as it is.</summary>
    public bool IsCopy => Sources.Length == 1 && Reshape is null;

    /// <summary>Makes the target of its sources; on the meta device, its shape from their shapes.</summary>
    public Tensor Convert(Tensor[] sources, VitConfig config)
    {
        using var scope = NewDisposeScope();
        Tensor joined = sources.Length == 1 ? sources[0].alias() : cat(sources, 0);
        return (Reshape?.Invoke(joined, config) ?? joined).MoveToOuterDisposeScope();
    }
}
