using System.Buffers;
using System.Globalization;

namespace Microsoft.ML.Vit;

/// <summary>
/// Crops a random area of a random aspect ratio and enlarges it to the image's size, bilinearly (Szegedy et al. 2014, arXiv 1409.4842; the crop is drawn as
/// torchvision and timm draw it: area uniform, ratio log-uniform, ten tries, then the largest centred crop whose ratio is allowed).
/// </summary>
/// <param name="MinArea">The least share of the image's area, above 0. Default 0.5.</param>
/// <param name="MaxArea">The greatest share of the image's area, at most 1. Default 1.</param>
/// <param name="MinAspect">The least ratio of width to height. Default 3/4.</param>
/// <param name="MaxAspect">The greatest ratio of width to height. Default 4/3.</param>
public sealed record RandomResizedCrop(double MinArea = 0.5, double MaxArea = 1, double MinAspect = 3.0 / 4, double MaxAspect = 4.0 / 3) : VitAugmentation
{
    private const int Tries = 10;

    internal override IEnumerable<string> Problems(PixelSize size)
    {
        if (!(MinArea > 0 && MinArea <= MaxArea && MaxArea <= 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandomResizedCrop's area is {MinArea} to {MaxArea}; expected a range within 0 (exclusive) and 1.");
        }
        if (!(MinAspect > 0 && MinAspect <= MaxAspect && double.IsFinite(MaxAspect)))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandomResizedCrop's aspect is {MinAspect} to {MaxAspect}; expected a range above 0.");
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        (int top, int left, PixelSize crop) = Draw(size, random);
        if (crop == size)
        {
            source.CopyTo(target);
            return;
        }
        // For each output column its left input column and the share of the right one; rows likewise.
        int[] columns = ArrayPool<int>.Shared.Rent(size.Width);
        float[] shares = ArrayPool<float>.Shared.Rent(size.Width);
        for (int x = 0; x < size.Width; x++)
        {
            (columns[x], shares[x]) = Between(x, crop.Width, size.Width);
        }
        for (int row = 0; row < channels * size.Height; row++)
        {
            (int channel, int y) = Math.DivRem(row, size.Height);
            (int first, float share) = Between(y, crop.Height, size.Height);
            ReadOnlySpan<T> upper = source.Slice((channel * size.Height + top + first) * size.Width + left, crop.Width);
            ReadOnlySpan<T> lower = share == 0 ? upper : source.Slice((channel * size.Height + top + first + 1) * size.Width + left, crop.Width);
            Span<T> to = target.Slice(row * size.Width, size.Width);
            for (int x = 0; x < to.Length; x++)
            {
                int at = columns[x];
                int next = shares[x] == 0 ? at : at + 1;
                float above = Mix(float.CreateTruncating(upper[at]), float.CreateTruncating(upper[next]), shares[x]);
                float below = Mix(float.CreateTruncating(lower[at]), float.CreateTruncating(lower[next]), shares[x]);
                float value = Mix(above, below, share);
                to[x] = typeof(T) == typeof(byte) ? T.CreateSaturating(MathF.Round(value)) : T.CreateTruncating(value);
            }
        }
        ArrayPool<int>.Shared.Return(columns);
        ArrayPool<float>.Shared.Return(shares);
    }

    private static float Mix(float a, float b, float share) => a * (1 - share) + b * share;

    /// <summary>Where an output position falls between input positions, pixels being areas (half-pixel centres), the border repeated.</summary>
    private static (int First, float Share) Between(int position, int input, int output)
    {
        float at = (position + 0.5f) * input / output - 0.5f;
        if (at <= 0)
        {
            return (0, 0);
        }
        int first = (int)at;
        return first >= input - 1 ? (input - 1, 0) : (first, at - first);
    }

    private (int Top, int Left, PixelSize Crop) Draw(PixelSize size, Random random)
    {
        double area = (double)size.Height * size.Width;
        for (int i = 0; i < Tries; i++)
        {
            double target = area * (MinArea + random.NextDouble() * (MaxArea - MinArea));
            double aspect = Math.Exp(Math.Log(MinAspect) + random.NextDouble() * (Math.Log(MaxAspect) - Math.Log(MinAspect)));
            double width = Math.Round(Math.Sqrt(target * aspect));
            double height = Math.Round(Math.Sqrt(target / aspect));
            if (width >= 1 && width <= size.Width && height >= 1 && height <= size.Height)
            {
                var crop = new PixelSize((int)height, (int)width);
                return (random.Next(size.Height - crop.Height + 1), random.Next(size.Width - crop.Width + 1), crop);
            }
        }
        double ratio = Math.Clamp((double)size.Width / size.Height, MinAspect, MaxAspect);
        var largest = new PixelSize(
            Math.Clamp((int)Math.Round(Math.Min(size.Height, size.Width / ratio)), 1, size.Height),
            Math.Clamp((int)Math.Round(Math.Min(size.Width, size.Height * ratio)), 1, size.Width));
        return ((size.Height - largest.Height) / 2, (size.Width - largest.Width) / 2, largest);
    }
}
