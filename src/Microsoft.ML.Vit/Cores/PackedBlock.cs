using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>The weights of one transformer block, LayerScale multiplied in, in the order in which products read them.</summary>
internal sealed class PackedBlock : IDisposable
{
    /// <summary>Packs a copy.</summary>
    /// <param name="block">One that <see cref="CanPack"/>.</param>
    public PackedBlock(Block block)
    {
        var mlp = (Mlp)block.FeedForward;
        Norm1 = new RowNormalization(block.Norm1);
        Qkv = Pack(block.Attention.Qkv);
        Projection = Pack(block.Attention.Projection, block.Scale1);
        Norm2 = new RowNormalization(block.Norm2);
        Fc1 = Pack(mlp.Fc1);
        Fc2 = Pack(mlp.Fc2, block.Scale2);
    }

    /// <summary>Before the attention.</summary>
    public RowNormalization Norm1 { get; }

    /// <summary>To queries, keys and values.</summary>
    public PackedMatrix Qkv { get; }

    /// <summary>Of the heads' results.</summary>
    public PackedMatrix Projection { get; }

    /// <summary>Before the MLP.</summary>
    public RowNormalization Norm2 { get; }

    /// <summary>To the MLP's hidden layer.</summary>
    public PackedMatrix Fc1 { get; }

    /// <summary>From it.</summary>
    public PackedMatrix Fc2 { get; }

    /// <summary>Whether a block is of the kind that is packed: float32, an MLP with the exact GELU, queries and keys as they come.</summary>
    public static bool CanPack(Block block) =>
        block.Product is null && !block.Attention.NormalizesQueries && block.FeedForward is Mlp { Activation: VitActivation.Gelu } mlp
        && new[] { block.Attention.Qkv, block.Attention.Projection, mlp.Fc1, mlp.Fc2 }.All(linear => linear.Product is null && linear.Weight.dtype == ScalarType.Float32);

    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[Norm1, Qkv, Projection, Norm2, Fc1, Fc2])
        {
            part.Dispose();
        }
    }

    private static PackedMatrix Pack(Linear linear, LayerScale? scale = null) =>
        new(Floats.Of(linear.Weight), linear.Bias is { } bias ? Floats.Of(bias) : default, scale is null ? default : Floats.Of(scale.Gamma), (int)linear.Weight.size(1));
}
