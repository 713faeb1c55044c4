using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Mimetic initialisation (Trockman and Kolter 2023, arXiv 2305.09828): timm's, except that attention starts as it looks in trained transformers. Per head, the product of query and key weights is close to
/// 0.7 Z + 0.7 I, and that of value and output weights to 0.4 Z - 0.4 I, where Z is fresh noise of variance 1/D; learned positions start as sines and cosines, so that similar positions
/// attend to each other. In closed form, by one singular value decomposition of a (D, D) matrix per head and one per block: milliseconds for small widths, a minute for ViT-B.
/// </summary>
internal static class MimeticInitialization
{
    private const double QueryKeyNoise = 0.7, QueryKeyIdentity = 0.7;
    private const double ValueOutputNoise = 0.4, ValueOutputIdentity = -0.4;

    /// <summary>Fills every weight of the network, on the CPU, from the generator alone.</summary>
    public static void Apply(VisionTransformer network, Generator generator)
    {
        TimmInitialization.Apply(network, generator);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        foreach (Block block in network.Blocks)
        {
            using var blockScope = NewDisposeScope();
            FillAttention(block.Attention, network.Config, generator);
        }
        // Widths that sines and cosines do not fit keep their random positions.
        if (network.Positions is { } positions && network.Config.Width % 4 == 0)
        {
            int first = network.Config.PositionPrefix;
            positions.fill_(0); // the tokens before the patches are nowhere
            positions.narrow(1, first, network.Config.PatchTokens).copy_(SinCosPositions.Table(network.Config.Grid, network.Config.Width));
        }
    }

    private static void FillAttention(Attention attention, VitConfig config, Generator generator)
    {
        int width = config.Width, size = config.HeadSize;
        Tensor[] qkv = attention.Qkv.Weight.split(width, 0); // views (D, D): queries, keys, values
        for (int head = 0; head < config.Heads; head++)
        {
            using var scope = NewDisposeScope();
            (Tensor left, Tensor right) = Factor(width, size, QueryKeyNoise, QueryKeyIdentity, generator);
            qkv[0].narrow(0, head * size, size).copy_(left.t());
            qkv[1].narrow(0, head * size, size).copy_(right.t());
        }
        (Tensor value, Tensor output) = Factor(width, width, ValueOutputNoise, ValueOutputIdentity, generator);
        qkv[2].copy_(value.t());
        attention.Projection.Weight.copy_(output);
    }

    /// <summary>The best factors L, R (D, rank) of L Rᵀ = noise Z + identity I, the singular values shared between them.</summary>
    private static (Tensor Left, Tensor Right) Factor(int width, int rank, double noise, double identity, Generator generator)
    {
        Tensor target = empty([width, width], float32, CPU).normal_(0, noise / Math.Sqrt(width), generator) + (eye(width, width, float32, CPU) * identity);
        (Tensor u, Tensor s, Tensor vh) = linalg.svd(target);
        Tensor root = s.narrow(0, 0, rank).sqrt();
        return (u.narrow(1, 0, rank) * root, vh.narrow(0, 0, rank).t() * root);
    }
}
