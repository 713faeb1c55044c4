using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Layer normalisation of the last dimension with scale <c>weight</c> and shift <c>bias</c>, in the type of these: statistics of bfloat16 would be too coarse.</summary>
internal sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    private readonly long[] _shape;
    private readonly double _epsilon;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    /// <summary>Allocates the layer; its values are undefined until initialised or loaded.</summary>
    public LayerNorm(long size, double epsilon)
        : base(nameof(LayerNorm))
    {
        _shape = [size];
        _epsilon = epsilon;
        _weight = Weights.Parameter(size);
        _bias = Weights.Parameter(size);
        RegisterComponents();
    }

    /// <summary>What is added to the variance.</summary>
    public double Epsilon => _epsilon;

    /// <summary>The scale.</summary>
    public Parameter Weight => _weight;

    /// <summary>The shift.</summary>
    public Parameter Bias => _bias;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        if (x.dtype == _weight.dtype)
        {
            return nn.functional.layer_norm(x, _shape, _weight, _bias, _epsilon);
        }
        using Tensor converted = x.to(_weight.dtype);
        return nn.functional.layer_norm(converted, _shape, _weight, _bias, _epsilon);
    }
}
