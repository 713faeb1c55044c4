using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Stochastic depth (Huang et al. 2016, arXiv 1603.09382): in training, a residual branch is left out for whole images with probability <paramref name="rate"/>; where
/// it is kept it grows by 1/(1 - rate), as in timm.
/// </summary>
internal sealed class DropPath(double rate, DropoutSource source)
{
    /// <summary>Returns <paramref name="x"/> (B, T, D) itself where the rate is zero or the network is not training.</summary>
    public Tensor Apply(Tensor x, bool training)
    {
        if (rate == 0 || !training)
        {
            return x;
        }
        using Tensor mask = source.Mask([x.size(0), 1, 1], rate, x);
        return x * mask;
    }
}
