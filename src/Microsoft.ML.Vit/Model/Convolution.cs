using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Two-dimensional convolution; <c>weight</c> (out, in, kernel height, kernel width), <c>bias</c> (out).</summary>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    /// <summary>Allocates the layer; its values are undefined until initialised or loaded.</summary>
    public Convolution(long inputs, long outputs, PixelSize kernel, PixelSize stride, long padding = 0, bool bias = true)
        : base(nameof(Convolution))
    {
        _stride = [stride.Height, stride.Width];
        _padding = [padding, padding];
        _weight = Weights.Parameter(outputs, inputs, kernel.Height, kernel.Width);
        _bias = bias ? Weights.Parameter(outputs) : null;
        RegisterComponents();
    }

    /// <summary>The kernels (out, in, height, width).</summary>
    public Parameter Weight => _weight;

    /// <summary>The bias (out), where there is one.</summary>
    public Parameter? Bias => _bias;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => nn.functional.conv2d(x, _weight, _bias, _stride, _padding);
}
