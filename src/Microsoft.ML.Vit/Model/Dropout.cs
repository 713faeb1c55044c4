using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Dropout (Srivastava et al. 2014): in training, elements become zero with probability <paramref name="rate"/> and the rest grow to keep the mean.</summary>
internal sealed class Dropout(double rate, DropoutSource source)
{
    /// <summary>Whether anything is dropped at all in training.</summary>
    public bool IsActive => rate > 0;

    /// <summary>Returns <paramref name="x"/> itself, with no kernel launched, where the rate is zero or the network is not training.</summary>
    public Tensor Apply(Tensor x, bool training)
    {
        if (!IsActive || !training)
        {
            return x;
        }
        using Tensor mask = source.Mask(x.shape, rate, x);
        return x * mask;
    }
}
