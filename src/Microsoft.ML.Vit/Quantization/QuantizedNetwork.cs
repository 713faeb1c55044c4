using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>A network whose blocks are quantised: from observing one in float32, or from stored scales. Embedding and head stay float32.</summary>
internal static class QuantizedNetwork
{
    /// <summary>What a block's layers are called in the network's state, and whether each reads what a normalisation gives.</summary>
    public static (string Name, bool FollowsNorm)[] LayerNames(int block) =>
        [($"blocks.{block}.attn.qkv", true), ($"blocks.{block}.attn.proj", false), ($"blocks.{block}.mlp.fc1", true), ($"blocks.{block}.mlp.fc2", false)];

    /// <summary>A block's layers by these names.</summary>
    public static IEnumerable<(string Name, LinearQuantization Quantization)> Layers(int block, BlockQuantization quantization) =>
        LayerNames(block).Select(layer => layer.Name).Zip([quantization.Qkv, quantization.Projection, quantization.Fc1, quantization.Fc2]);

    /// <summary>Lets the network remember what its blocks' layers read.</summary>
    public static void Observe(VisionTransformer network)
    {
        foreach (Linear linear in network.Blocks.SelectMany(Linears))
        {
            linear.Product = new InputObserver(linear);
        }
    }

    /// <summary>Whether it remembers at present.</summary>
    public static void SetObserving(VisionTransformer network, bool on)
    {
        foreach (Linear linear in network.Blocks.SelectMany(Linears))
        {
            ((InputObserver)linear.Product!).IsOn = on;
        }
    }

    /// <summary>Chooses scales by what was observed, rounds the weights to what bytes can say, and computes in bytes from now on.</summary>
    public static void Quantize(VisionTransformer network)
    {
        var blocks = new List<BlockQuantization>();
        foreach (Block block in network.Blocks)
        {
            LinearQuantization[] layers = [.. Linears(block).Zip(LayerNames(0), (linear, layer) => RangeChoice.Of((InputObserver)linear.Product!, balances: layer.FollowsNorm))];
            foreach ((Linear linear, LinearQuantization layer) in Linears(block).Zip(layers))
            {
                linear.Product!.Dispose();
                linear.Product = null;
                using Tensor bytes = QuantizedWeights.Of(linear.Weight, layer);
                QuantizedWeights.Restore(linear.Weight, bytes, layer);
            }
            blocks.Add(new BlockQuantization(layers[0], layers[1], layers[2], layers[3]));
        }
        Apply(network, blocks);
    }

    /// <summary>The blocks' scales; null where the network is not quantised.</summary>
    public static IReadOnlyList<BlockQuantization>? QuantizationOf(VisionTransformer network) =>
        network.Blocks.All(block => block.Product is Int8Block) ? [.. network.Blocks.Select(block => ((Int8Block)block.Product!).Quantization)] : null;

    /// <summary>Computes in bytes from now on; the weights are already what bytes can say.</summary>
    public static void Apply(VisionTransformer network, IReadOnlyList<BlockQuantization> blocks)
    {
        foreach ((Block block, BlockQuantization quantization) in network.Blocks.Zip(blocks))
        {
            block.Product = new Int8Block(block, quantization, network.Config);
        }
    }

    /// <summary>Why bytes cannot be multiplied here; null where they can.</summary>
    public static string? Problem => Int8Kernels.Problem;

    /// <exception cref="PlatformNotSupportedException">Products of bytes cannot be computed here.</exception>
    public static void ThrowIfNotSupported()
    {
        if (Problem is { } problem)
        {
            throw new PlatformNotSupportedException($"int8 needs oneDNN's kernels of libtorch, which are not here: {problem}. Score with the model as it is, in float32.");
        }
    }

    private static Linear[] Linears(Block block)
    {
        (Linear fc1, Linear fc2) = Int8Block.FeedForward(block);
        return [block.Attention.Qkv, block.Attention.Projection, fc1, fc2];
    }
}
