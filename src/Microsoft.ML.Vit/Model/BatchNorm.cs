using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Batch normalisation of feature maps (B, C, H, W), channel by channel: by the batch in training, by the running statistics otherwise and where it is frozen, as timm's <c>freeze_batch_norm_2d</c>
/// has it: what stays as it is must not follow the batches. PyTorch's defaults: epsilon 1e-5, momentum 0.1.
/// </summary>
internal sealed class BatchNorm : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    [ComponentName(Name = "running_mean")]
    private readonly Tensor _runningMean;

    [ComponentName(Name = "running_var")]
    private readonly Tensor _runningVariance;

    /// <summary>Allocates the layer; scale and shift are undefined until initialised or loaded.</summary>
    public BatchNorm(long channels)
        : base(nameof(BatchNorm))
    {
        _weight = Weights.Parameter(channels);
        _bias = Weights.Parameter(channels);
        _runningMean = Weights.Buffer(0, channels);
        _runningVariance = Weights.Buffer(1, channels);
        RegisterComponents();
    }

    /// <summary>The scale.</summary>
    public Parameter Weight => _weight;

    /// <summary>The shift.</summary>
    public Parameter Bias => _bias;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) =>
        nn.functional.batch_norm(x, _runningMean, _runningVariance, _weight, _bias, training && _weight.requires_grad, momentum: 0.1, eps: Epsilon);

    /// <summary>What it does in evaluation mode: a factor (C) and a shift (C) for each channel.</summary>
    public (Tensor Factor, Tensor Shift) Affine()
    {
        Tensor factor = _weight / (_runningVariance + Epsilon).sqrt();
        return (factor, _bias - (_runningMean * factor));
    }
}
