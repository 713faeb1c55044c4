using System.Globalization;
using System.Numerics;
using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit;

/// <summary>
/// Erases a random rectangle of some images (Zhong et al. 2017, arXiv 1708.04896), drawn as timm draws it: area uniform, ratio log-uniform, ten tries, smaller than the image on both sides.
/// timm erases normalised pixels, with zeros or standard normal noise; these here are not normalised yet, so each image's channels give the mean and the deviation.
/// </summary>
/// <param name="Probability">Share of images erased, 0 to 1. Default 0.25.</param>
/// <param name="MinArea">The least share of the image's area, above 0. Default 0.02.</param>
/// <param name="MaxArea">The greatest share of the image's area, at most 1. Default 1/3.</param>
/// <param name="MinAspect">The least ratio of height to width. Default 0.3.</param>
/// <param name="MaxAspect">The greatest ratio of height to width. Default 1/0.3.</param>
/// <param name="Fill">What takes the place. Default noise (timm's pixel mode; the mean is its const mode).</param>
public sealed record RandomErasing(double Probability = 0.25, double MinArea = 0.02, double MaxArea = 1.0 / 3, double MinAspect = 0.3, double MaxAspect = 1 / 0.3, ErasingFill Fill = ErasingFill.Noise)
    : VitAugmentation
{
    private const int Tries = 10;

    internal override IEnumerable<string> Problems(PixelSize size)
    {
        if (!(Probability >= 0 && Probability <= 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandomErasing.Probability is {Probability}; expected 0 to 1.");
        }
        if (!(MinArea > 0 && MinArea <= MaxArea && MaxArea <= 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandomErasing's area is {MinArea} to {MaxArea}; expected a range within 0 (exclusive) and 1.");
        }
        if (!(MinAspect > 0 && MinAspect <= MaxAspect && double.IsFinite(MaxAspect)))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandomErasing's aspect is {MinAspect} to {MaxAspect}; expected a range above 0.");
        }
        if (!Enum.IsDefined(Fill))
        {
            yield return $"RandomErasing.Fill is {(int)Fill}; expected {string.Join(" or ", Enum.GetNames<ErasingFill>())}.";
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        source.CopyTo(target);
        if (random.NextDouble() >= Probability || Draw(size, random) is not { } hole)
        {
            return;
        }
        int area = size.Height * size.Width;
        var noise = new NormalNoise(random);
        for (int start = 0; start < target.Length; start += area)
        {
            ChannelSpread spread = ChannelSpread.Of(source.Slice(start, area));
            for (int y = hole.Top; y < hole.Top + hole.Size.Height; y++)
            {
                Erase(target.Slice(start + y * size.Width + hole.Left, hole.Size.Width), spread, ref noise);
            }
        }
    }

    private void Erase<T>(Span<T> values, ChannelSpread spread, ref NormalNoise noise)
        where T : unmanaged, INumber<T>
    {
        if (Fill == ErasingFill.Mean)
        {
            values.Fill(Value<T>((float)spread.Mean));
            return;
        }
        (float low, float high, float mean, float std) = ((float)spread.Low, (float)spread.High, (float)spread.Mean, (float)spread.Std);
        foreach (ref T value in values)
        {
            value = Value<T>(Math.Clamp(mean + std * noise.Next(), low, high));
        }
    }

    private static T Value<T>(float value)
        where T : unmanaged, INumber<T> =>
        T.CreateTruncating(typeof(T) == typeof(byte) ? MathF.Round(value) : value);

    /// <summary>Where the rectangle lies; null where ten tries found none that fits.</summary>
    internal (int Top, int Left, PixelSize Size)? Draw(PixelSize size, Random random)
    {
        double area = (double)size.Height * size.Width;
        for (int i = 0; i < Tries; i++)
        {
            double target = area * (MinArea + random.NextDouble() * (MaxArea - MinArea));
            double aspect = Math.Exp(Math.Log(MinAspect) + random.NextDouble() * (Math.Log(MaxAspect) - Math.Log(MinAspect)));
            double height = Math.Round(Math.Sqrt(target * aspect));
            double width = Math.Round(Math.Sqrt(target / aspect));
            if (height >= 1 && height < size.Height && width >= 1 && width < size.Width)
            {
                var hole = new PixelSize((int)height, (int)width);
                return (random.Next(size.Height - hole.Height + 1), random.Next(size.Width - hole.Width + 1), hole);
            }
        }
        return null;
    }
}
