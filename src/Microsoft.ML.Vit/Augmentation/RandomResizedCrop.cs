using System.Buffers;
using System.Globalization;
using Microsoft.ML.Vit.Augmentation;

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
        var columns = new BilinearColumns(crop.Width, size.Width);
        float[] rows = ArrayPool<float>.Shared.Rent(2 * size.Width);
        Span<float> upper = rows.AsSpan(0, size.Width);
        Span<float> lower = rows.AsSpan(size.Width, size.Width);
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<T> plane = source.Slice(channel * size.Height * size.Width, size.Height * size.Width);
            // The input rows that lie in upper and lower, widened already.
            int upperRow = -1;
            int lowerRow = -1;
            for (int y = 0; y < size.Height; y++)
            {
                (int first, float share) = BilinearColumns.Between(y, crop.Height, size.Height);
                if (first == lowerRow)
                {
                    Span<float> former = upper;
                    upper = lower;
                    lower = former;
                    (upperRow, lowerRow) = (lowerRow, -1);
                }
                if (first != upperRow)
                {
                    columns.Widen(plane.Slice((top + first) * size.Width + left, crop.Width), upper);
                    upperRow = first;
                }
                if (share > 0 && first + 1 != lowerRow)
                {
                    columns.Widen(plane.Slice((top + first + 1) * size.Width + left, crop.Width), lower);
                    lowerRow = first + 1;
                }
                RowMixer.Mix(upper, share > 0 ? lower : upper, share, target.Slice((channel * size.Height + y) * size.Width, size.Width));
            }
        }
        ArrayPool<float>.Shared.Return(rows);
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
