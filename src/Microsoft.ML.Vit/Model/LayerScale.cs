using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>A trained factor per channel on a residual branch (Touvron et al. 2021, arXiv 2103.17239).</summary>
internal sealed class LayerScale : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "gamma")]
    private readonly Parameter _gamma;

    /// <summary>Allocates the factors; undefined until initialised or loaded.</summary>
    public LayerScale(long width)
        : base(nameof(LayerScale))
    {
        _gamma = Weights.Parameter(width);
        RegisterComponents();
    }

    /// <summary>The factors (D).</summary>
    public Parameter Gamma => _gamma;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => x * _gamma;
}
