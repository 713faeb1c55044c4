using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Where the network's tensors of one kind come from in a checkpoint of one naming. In names, {i} stands for the number of a block, {p} for weight or bias and {x} for the
/// prefix of the naming; {i} and {p} mean the same in target and sources.
/// </summary>
/// <param name="Target">The network's name, timm's.</param>
/// <param name="Sources">The checkpoint's names; several are joined along the first dimension, in this order.</param>
internal sealed record NamingRule(string Target, params string[] Sources)
{
    /// <summary>What becomes of each source before joining, where it is more than a copy; it may look at shapes but not at values.</summary>
    public Func<Tensor, VitConfig, Tensor>? Reshape { get; init; }

    /// <summary>Makes its part of the target of one source; on the meta device, its shape from the source's shape.</summary>
    public Tensor Convert(Tensor source, VitConfig config) => Reshape?.Invoke(source, config) ?? source.alias();

    /// <summary>The shape that <see cref="Convert"/> makes of a source; null where it cannot be applied to it.</summary>
    public IReadOnlyList<long>? ShapeOf(TensorEntry source, VitConfig config)
    {
        if (Reshape is null)
        {
            return source.Shape;
        }
        using var scope = NewDisposeScope();
        try
        {
            return Convert(empty([.. source.Shape], float32, META), config).shape;
        }
        catch (ExternalException) // libtorch's refusal
        {
            return null;
        }
    }
}
