using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Stochastic depth (Huang et al. 2016, arXiv 1603.09382): in training, a residual branch is left out for whole images with probability <paramref name="rate"/>; where
/// it is kept it grows by 1/(1 - rate), as in timm.
/// </summary>
internal sealed class DropPath(double rate, DropoutSource source)
{
    /// <summary>Whether anything is dropped at all in training.</summary>
    public bool IsActive => rate > 0;

    /// <summary>Returns <paramref name="x"/> (B, T, D) itself where the rate is zero or the network is not training.</summary>
    public Tensor Apply(Tensor x, bool training)
    {
        if (!IsActive || !training)
        {
            return x;
        }
        using Tensor mask = Mask(x);
        return x * mask;
    }

    /// <summary>What <see cref="Apply"/> multiplies tokens (B, T, D) by: 0 or 1/(1 - rate) for each image (B, 1, 1).</summary>
    public Tensor Mask(Tensor x) => source.Mask([x.size(0), 1, 1], rate, x);
}
