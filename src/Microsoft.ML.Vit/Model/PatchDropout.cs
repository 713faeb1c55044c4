using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Patch dropout (Li et al. 2022, arXiv 2212.00794; timm's <c>patch_drop_rate</c>): in training, each image goes through the blocks without a share <paramref name="rate"/> of its patches, drawn afresh.
/// Fewer tokens take less time, and the tokens before the patches always stay.
/// </summary>
internal sealed class PatchDropout(double rate, DropoutSource source)
{
    /// <summary>The indices (B, K) of the patches that stay, at least one of an image; null where all do.</summary>
    public Tensor? Draw(long images, int patches, bool training, Device device)
    {
        if (rate == 0 || !training)
        {
            return null;
        }
        int kept = Math.Max(1, (int)(patches * (1 - rate)));
        return source.Subsets(images, patches, kept, device);
    }

    /// <summary>Of tokens (B, N, D) those at the indices (B, K), in their order: (B, K, D).</summary>
    public static Tensor Take(Tensor tokens, Tensor indices)
    {
        using var scope = NewDisposeScope();
        return tokens.gather(1, indices.unsqueeze(-1).expand(-1, -1, tokens.size(2))).MoveToOuterDisposeScope();
    }
}
