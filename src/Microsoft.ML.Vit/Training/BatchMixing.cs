namespace Microsoft.ML.Vit;

/// <summary>
/// Mixes the images of a training batch in pairs, and their targets with them: mixup (Zhang et al. 2017, arXiv 1710.09412) blends two images, CutMix (Yun et al. 2019,
/// arXiv 1905.04899) puts a rectangle of one into the other. As timm's <c>Mixup</c> in batch mode: one share for the batch, each image paired with its mirror image in the batch's order.
/// </summary>
public sealed record BatchMixing
{
    /// <summary>The alpha of mixup's Beta distribution, from which the first image's share is drawn; 0 for no mixup. Default 0.8.</summary>
    public double MixupAlpha { get; init; } = 0.8;

    /// <summary>The alpha of CutMix's Beta distribution, from which the area that stays is drawn; 0 for no CutMix. Default 1.</summary>
    public double CutMixAlpha { get; init; } = 1;

    /// <summary>Share of batches that are mixed, 0 to 1. Default 1.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Where both are on, the share of mixed batches that CutMix gets, 0 to 1. Default 0.5.</summary>
    public double CutMixProbability { get; init; } = 0.5;

    /// <summary>What is wrong, none when it is sound.</summary>
    internal IEnumerable<string> Problems()
    {
        (string Property, double Value, bool Sound, string Expected)[] numbers =
        [
            (nameof(MixupAlpha), MixupAlpha, MixupAlpha is >= 0 and < double.PositiveInfinity, "a finite number, 0 or above"),
            (nameof(CutMixAlpha), CutMixAlpha, CutMixAlpha is >= 0 and < double.PositiveInfinity, "a finite number, 0 or above"),
            (nameof(Probability), Probability, Probability is >= 0 and <= 1, "0 to 1"),
            (nameof(CutMixProbability), CutMixProbability, CutMixProbability is >= 0 and <= 1, "0 to 1"),
        ];
        foreach ((string property, double value, bool sound, string expected) in numbers)
        {
            if (!sound)
            {
                yield return $"{nameof(BatchMixing)}.{property} is {value}; expected {expected}.";
            }
        }
        if (MixupAlpha == 0 && CutMixAlpha == 0)
        {
            yield return $"{nameof(BatchMixing)} has {nameof(MixupAlpha)} and {nameof(CutMixAlpha)} 0; expected one of them above 0.";
        }
    }
}
