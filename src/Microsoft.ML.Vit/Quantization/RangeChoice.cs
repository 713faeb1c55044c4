using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>From what was observed of a layer's inputs to its scales.</summary>
internal static class RangeChoice
{
    private const int Levels = 255;
    private const float SmallestScale = 1e-30f;

    /// <summary>Shares of the full range that are tried: values beyond are cut, and the others' steps become finer.</summary>
    private static readonly float[] s_shares = [1, 0.95f, 0.9f, 0.85f, 0.8f, 0.75f, 0.7f, 0.65f, 0.6f, 0.55f, 0.5f];

    /// <summary>The layer's scales.</summary>
    /// <param name="observer">Saw its inputs.</param>
    /// <param name="balances">Whether a normalisation comes before, which can give each channel a factor of its own without cost.</param>
    public static LinearQuantization Of(InputObserver observer, bool balances)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor weight = observer.Linear.Weight.detach();
        Tensor least = observer.Least, greatest = observer.Greatest, rows = observer.Rows();
        Tensor? factors = balances ? Factors(maximum(least.abs(), greatest.abs()), weight.abs().amax([0])) : null;
        if (factors is not null)
        {
            (least, greatest, rows, weight) = (least / factors, greatest / factors, rows / factors, weight * factors);
        }
        (float low, float high) = (Math.Min(0, least.min().item<float>()), Math.Max(0, greatest.max().item<float>()));
        (float scale, int zeroPoint) = s_shares.Select(share => ScaleOf(low * share, high * share)).MinBy(candidate => Error(rows, candidate.Scale, candidate.ZeroPoint));
        Tensor weightScales = (weight.abs().amax([1]) / QuantizedWeights.Largest).clamp_min(SmallestScale);
        return new LinearQuantization(weightScales.data<float>().ToArray(), scale, zeroPoint, factors?.data<float>().ToArray());
    }

    /// <summary>Inputs and weights of a channel get the same range, the geometric mean of theirs (SmoothQuant with alpha 0.5).</summary>
    private static Tensor Factors(Tensor inputs, Tensor weights)
    {
        const float Least = 1e-5f;
        return inputs.clamp_min(Least).sqrt() / weights.clamp_min(Least).sqrt();
    }

    private static (float Scale, int ZeroPoint) ScaleOf(float low, float high)
    {
        float scale = Math.Max((high - low) / Levels, SmallestScale);
        return (scale, Math.Clamp((int)MathF.Round(-low / scale), 0, Levels));
    }

    private static double Error(Tensor values, float scale, int zeroPoint)
    {
        using var scope = NewDisposeScope();
        Tensor bytes = (values / scale).add_(zeroPoint).round_().clamp_(0, Levels);
        return (bytes.sub_(zeroPoint).mul_(scale) - values).square().mean().item<float>();
    }
}
