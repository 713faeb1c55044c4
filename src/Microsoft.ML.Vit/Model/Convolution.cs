using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Two-dimensional convolution; <c>weight</c> (out, in, kernel height, kernel width), <c>bias</c> (out).</summary>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private readonly long[] _strides;
    private readonly long[] _paddings;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    /// <summary>Allocates the layer; its values are undefined until initialised or loaded.</summary>
    public Convolution(long inputs, long outputs, PixelSize kernel, PixelSize stride, int padding = 0, bool bias = true)
        : base(nameof(Convolution))
    {
        (Stride, Padding) = (stride, padding);
        _strides = [stride.Height, stride.Width];
        _paddings = [padding, padding];
        _weight = Weights.Parameter(outputs, inputs, kernel.Height, kernel.Width);
        _bias = bias ? Weights.Parameter(outputs) : null;
        RegisterComponents();
    }

    /// <summary>The kernels (out, in, height, width).</summary>
    public Parameter Weight => _weight;

    /// <summary>The bias (out), where there is one.</summary>
    public Parameter? Bias => _bias;

    /// <summary>Pixels from one of the result's to the next.</summary>
    public PixelSize Stride { get; }

    /// <summary>Zeros around the input.</summary>
    public int Padding { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => nn.functional.conv2d(x, _weight, _bias, _strides, _paddings);
}
