using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Turns images into tokens by log2(patch) 3x3 convolutions of stride 2 whose channels double up to the width, with batch normalisation and
/// activation between them (Xiao et al. 2021, arXiv 2106.14881; Hassani et al. 2021, arXiv 2104.05704). Convolution i is <c>convs.{i}</c>, the normalisation after it <c>norms.{i}</c>.
/// </summary>
internal sealed class ConvolutionStem : nn.Module<Tensor, Tensor>
{
    private readonly VitActivation _activation;

    [ComponentName(Name = "convs")]
    private readonly ModuleList<Convolution> _convolutions = new();

    [ComponentName(Name = "norms")]
    private readonly ModuleList<BatchNorm> _norms = new();

    public ConvolutionStem(VitConfig config)
        : base(nameof(ConvolutionStem))
    {
        _activation = config.Activation;
        int channels = config.Channels;
        for (int i = 0; i < config.StemConvolutions; i++)
        {
            bool last = i == config.StemConvolutions - 1;
            // A bias before batch normalisation would have no effect.
            _convolutions.Add(new Convolution(channels, config.StemChannels(i), kernel: 3, stride: 2, padding: 1, bias: last));
            channels = config.StemChannels(i);
            if (!last)
            {
                _norms.Add(new BatchNorm(channels));
            }
        }
        RegisterComponents();
    }

    /// <summary>What follows each convolution but the last.</summary>
    public VitActivation Activation => _activation;

    /// <summary>The convolutions, in their order.</summary>
    public IReadOnlyList<Convolution> Convolutions => [.. _convolutions];

    /// <summary>The batch normalisation after each but the last.</summary>
    public IReadOnlyList<BatchNorm> Norms => [.. _norms];

    /// <inheritdoc/>
    public override Tensor forward(Tensor images) // (B, C, H, W)
    {
        using var scope = NewDisposeScope();
        // Channel by channel of a pixel: on a CPU batch normalisation and convolutions learn 1.2 to 1.7 times as fast so (measured at 32 px on a Zen 5 core).
        Tensor x = training && images.device_type == DeviceType.CPU ? images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : images;
        for (int i = 0; i < _norms.Count; i++)
        {
            x = _activation.Apply(_norms[i].call(_convolutions[i].call(x))); // half the height and width, twice the channels
        }
        x = _convolutions[^1].call(x); // (B, D, H/P, W/P)
        x = x.flatten(2).transpose(1, 2); // (B, N, D), row by row
        return x.MoveToOuterDisposeScope();
    }
}
