using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>From an image's pixels to its tokens: normalisation, patch embedding or convolutional stem with its batch normalisation in the kernels, positions, and the tokens before the patches.</summary>
internal sealed unsafe class PackedStem : IDisposable
{
    private readonly PackedConvolution[] _convolutions;
    private readonly NativeFloats _tokens; // (T, D): what the tokens of every image start with
    private readonly int _prefix;
    private readonly int _width;

    private PackedStem(VisionTransformer network, PixelPlanes planes, PackedConvolution[] convolutions)
    {
        VitConfig config = network.Config;
        (Planes, _convolutions, _prefix, _width) = (planes, convolutions, config.PrefixTokens, config.Width);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        // Without patches it is the tokens before them, and the positions.
        ReadOnlySpan<float> tokens = Floats.Of(network.EmbedTokens(zeros(1, config.PatchTokens, config.Width)).contiguous());
        _tokens = new NativeFloats(tokens.Length);
        tokens.CopyTo(new Span<float>(_tokens.Pointer, tokens.Length));
    }

    /// <summary>Packs a network's stem; null where it cannot.</summary>
    /// <param name="network">In evaluation mode.</param>
    /// <param name="planes">Normalises its input.</param>
    public static PackedStem? Of(VisionTransformer network, PixelPlanes planes)
    {
        VitConfig config = network.Config;
        var image = new FeatureMap(config.Channels, config.ImageSize.Height, config.ImageSize.Width, 1);
        return network.Stem switch
        {
            PatchEmbedding patches => new PackedStem(network, planes, [Pack(patches.Projection, image, null)]),
            ConvolutionStem { Activation: VitActivation.Gelu } stem => new PackedStem(network, planes, Pack(stem, image)),
            _ => null,
        };
    }

    /// <summary>What normalises the pixels.</summary>
    public PixelPlanes Planes { get; }

    /// <summary>The convolutions, in their order; the last gives the patches.</summary>
    public IReadOnlyList<PackedConvolution> Convolutions => _convolutions;

    /// <summary>Computes tokens of patches. As <see cref="PackedConvolution.Apply"/> it may overwrite five rows after them.</summary>
    /// <param name="x">What the last convolution reads.</param>
    /// <param name="from">The first patch.</param>
    /// <param name="count">How many.</param>
    /// <param name="scratch">Memory of the caller's own.</param>
    /// <param name="tokens">The image's (T, D).</param>
    public void EmbedPatches(float* x, int from, int count, float* scratch, float* tokens)
    {
        long start = (long)(_prefix + from) * _width;
        Copy(tokens, start, count);
        _convolutions[^1].Apply(x, from, count, scratch, tokens + start, addsToY: true);
    }

    /// <summary>Writes the tokens before the patches.</summary>
    public void EmbedPrefix(float* tokens) => Copy(tokens, 0, _prefix);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Array.ForEach(_convolutions, convolution => convolution.Dispose());
        _tokens.Dispose();
    }

    private void Copy(float* tokens, long start, int rows) => new ReadOnlySpan<float>(_tokens.Pointer + start, rows * _width).CopyTo(new Span<float>(tokens + start, rows * _width));

    private static PackedConvolution[] Pack(ConvolutionStem stem, FeatureMap map)
    {
        var packed = new PackedConvolution[stem.Convolutions.Count];
        for (int i = 0; i < packed.Length; i++)
        {
            packed[i] = Pack(stem.Convolutions[i], map, i < packed.Length - 1 ? stem.Norms[i] : null);
            map = packed[i].Output;
        }
        return packed;
    }

    /// <summary>With the batch normalisation after it: by its running statistics it is a factor and a shift for each output.</summary>
    private static PackedConvolution Pack(Convolution convolution, FeatureMap input, BatchNorm? norm)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor kernels = convolution.Weight, bias = convolution.Bias?.alias() ?? zeros(kernels.size(0));
        if (norm is not null)
        {
            (Tensor factor, Tensor shift) = norm.Affine();
            kernels = kernels * factor.view(-1, 1, 1, 1);
            bias = bias * factor + shift;
        }
        return new PackedConvolution(Floats.Of(kernels), Floats.Of(bias), input, new PixelSize((int)kernels.size(2), (int)kernels.size(3)), convolution.Stride, convolution.Padding);
    }
}
