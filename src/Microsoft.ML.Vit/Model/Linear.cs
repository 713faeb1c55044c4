using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// y = x Wᵀ + b over the last dimension; <c>weight</c> (out, in), <c>bias</c> (out). It computes in the type of x, as PyTorch's autocast does: weights kept in float32 are
/// converted each time, and get their gradients in float32.
/// </summary>
internal sealed class Linear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    /// <summary>Allocates the layer; its values are undefined until initialised or loaded.</summary>
    public Linear(long inputs, long outputs, bool bias = true)
        : base(nameof(Linear))
    {
        _weight = Weights.Parameter(outputs, inputs);
        _bias = bias ? Weights.Parameter(outputs) : null;
        RegisterComponents();
    }

    /// <summary>The matrix (out, in).</summary>
    public Parameter Weight => _weight;

    /// <summary>The bias (out), where there is one.</summary>
    public Parameter? Bias => _bias;

    /// <summary>What computes in place of the weights while the layer only scores; freed with it. Null for the weights themselves.</summary>
    public LinearProduct? Product { get; set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        if (Product is not null)
        {
            return Product.Apply(x);
        }
        if (x.dtype == _weight.dtype)
        {
            return nn.functional.linear(x, _weight, _bias);
        }
        using Tensor weight = _weight.to(x.dtype);
        using Tensor? bias = _bias?.to(x.dtype);
        return nn.functional.linear(x, weight, bias);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Product?.Dispose();
        }
        base.Dispose(disposing);
    }
}
