using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// A network's blocks for scoring in float32 on a CPU with 512-bit vectors: weights packed once, everything between two products fused with one of them. An image's result does not depend on the images
/// that are scored with it, to the last bit. Holds a second copy of the blocks' weights.
/// </summary>
internal sealed class PackedBlocks : BlocksProduct
{
    private readonly BlockShape _shape;
    private readonly PackedBlock[] _blocks;
    private readonly int _images;
    private readonly CoreThreads _threads;
    private readonly ConcurrentBag<BlockPass> _passes = []; // of one thread
    private readonly ConcurrentBag<BlockPass> _shared = []; // of all core threads

    private PackedBlocks(VisionTransformer network, CoreThreads threads)
    {
        _threads = threads;
        VitConfig config = network.Config;
        _shape = new BlockShape(config.Tokens, config.Width, config.Heads, config.MlpHiddenSize);
        _blocks = [.. network.Blocks.Select(Pack)];
        _images = MicroBatches.Size(config);
    }

    /// <summary>Packs a network's blocks; null where processor or architecture need the general way.</summary>
    /// <param name="network">On the CPU; its weights are copied.</param>
    /// <param name="threads">Those that share a single image while they are free.</param>
    public static PackedBlocks? Of(VisionTransformer network, CoreThreads threads)
    {
        VitConfig config = network.Config;
        bool sizes = PackedMatrix.CanPack(config.Width) && PackedMatrix.CanPack(config.MlpHiddenSize) && config.HeadSize % MatrixKernel.Lanes == 0;
        return MatrixKernel.IsSupported && sizes && network.ComputeType == ScalarType.Float32 && network.Blocks.All(block => block.Product is null && CanPack(block)) ? new PackedBlocks(network, threads) : null;
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor tokens)
    {
        Tensor result = tokens.contiguous();
        Span<float> values = MemoryMarshal.Cast<byte, float>(result.bytes);
        int images = (int)result.size(0), length = _shape.Tokens * _shape.Width;
        if (images == 1 && _threads.Count > 1)
        {
            BlockPass pass = _shared.TryTake(out BlockPass? used) ? used : new BlockPass(_shape, 1, _threads.Count);
            values.CopyTo(pass.Tokens);
            bool ran = _threads.TryForEach(thread => pass.Run(_blocks, 1, thread));
            if (ran)
            {
                pass.Tokens.CopyTo(values);
            }
            _shared.Add(pass);
            if (ran)
            {
                return result;
            }
        }
        BlockPass own = _passes.TryTake(out BlockPass? free) ? free : new BlockPass(_shape, _images);
        for (int image = 0; image < images; image += own.Images)
        {
            int count = Math.Min(own.Images, images - image);
            Span<float> part = values.Slice(image * length, count * length);
            part.CopyTo(own.Tokens);
            own.Run(_blocks, count);
            own.Tokens[..part.Length].CopyTo(part);
        }
        _passes.Add(own);
        return result;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (IDisposable part in (IEnumerable<IDisposable>)[.. _passes, .. _shared, .. _blocks])
        {
            part.Dispose();
        }
    }

    private static bool CanPack(Block block) =>
        !block.Attention.NormalizesQueries && block.FeedForward is Mlp { Activation: VitActivation.Gelu } mlp
        && new[] { block.Attention.Qkv, block.Attention.Projection, mlp.Fc1, mlp.Fc2 }.All(linear => linear.Product is null && linear.Weight.dtype == ScalarType.Float32);

    private static PackedBlock Pack(Block block)
    {
        var mlp = (Mlp)block.FeedForward;
        return new PackedBlock(
            Pack(block.Norm1), Pack(block.Attention.Qkv), Pack(block.Attention.Projection, block.Scale1), Pack(block.Norm2), Pack(mlp.Fc1), Pack(mlp.Fc2, block.Scale2));
    }

    private static PackedMatrix Pack(Linear linear, LayerScale? scale = null) =>
        new(Values(linear.Weight), linear.Bias is { } bias ? Values(bias) : default, scale is null ? default : Values(scale.Gamma), (int)linear.Weight.size(1));

    private static RowNormalization Pack(LayerNorm norm) => new(Values(norm.Weight), Values(norm.Bias), norm.Epsilon);

    private static ReadOnlySpan<float> Values(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
