using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Pretraining;

/// <summary>Images cut into the patches that the network sees as tokens.</summary>
/// <param name="config">Says the size of images and patches.</param>
internal sealed class PixelPatches(VitConfig config)
{
    /// <summary>In PyTorch's implementation of the paper, for patches of one colour.</summary>
    private const double VarianceEpsilon = 1e-6;

    /// <summary>Values of a patch: its channels, rows and columns.</summary>
    public static int Values(VitConfig config) => config.Channels * config.PatchSize.Height * config.PatchSize.Width;

    /// <summary>What the decoder is to paint: the patches of the images (B, C, H, W) at the indices (B, M), each with mean 0 and variance 1: (B, M, C x P x P).</summary>
    public Tensor Targets(Tensor images, Tensor indices)
    {
        using var scope = NewDisposeScope();
        Tensor patches = PatchDropout.Take(Cut(images), indices);
        Tensor centered = patches - patches.mean([2], keepdim: true);
        Tensor variance = centered.square().mean([2], keepdim: true);
        return (centered / (variance + VarianceEpsilon).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>The images (B, C, H, W) with zeros, the mean, in all patches but those at the indices (B, K).</summary>
    public Tensor Hide(Tensor images, Tensor visible)
    {
        using var scope = NewDisposeScope();
        PixelSize grid = config.Grid, patch = config.PatchSize;
        Tensor seen = zeros([images.size(0), config.PatchTokens], images.dtype, images.device).scatter_(1, visible, ones_like(visible, images.dtype));
        Tensor pixels = seen.view(-1, 1, grid.Height, grid.Width).repeat_interleave(patch.Height, 2).repeat_interleave(patch.Width, 3);
        return (images * pixels).MoveToOuterDisposeScope();
    }

    /// <summary>All patches, row by row: (B, N, C x P x P).</summary>
    private Tensor Cut(Tensor images)
    {
        PixelSize grid = config.Grid, patch = config.PatchSize;
        return images.view(-1, config.Channels, grid.Height, patch.Height, grid.Width, patch.Width).permute(0, 2, 4, 1, 3, 5).reshape(-1, config.PatchTokens, Values(config));
    }
}
