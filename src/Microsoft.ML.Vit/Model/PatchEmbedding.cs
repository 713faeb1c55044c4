using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Cuts images into patches and projects each to a token: one convolution whose kernel and stride are the patch.</summary>
internal sealed class PatchEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly Convolution _projection;

    public PatchEmbedding(VitConfig config)
        : base(nameof(PatchEmbedding))
    {
        _projection = new Convolution(config.Channels, config.Width, config.PatchSize, stride: config.PatchSize);
        RegisterComponents();
    }

    /// <summary>The convolution.</summary>
    public Convolution Projection => _projection;

    /// <inheritdoc/>
    public override Tensor forward(Tensor images) // (B, C, H, W)
    {
        using var scope = NewDisposeScope();
        Tensor x = _projection.call(images); // (B, D, H/P, W/P)
        x = x.flatten(2).transpose(1, 2); // (B, N, D), row by row
        return x.MoveToOuterDisposeScope();
    }
}
