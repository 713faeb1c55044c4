using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Augmentation;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit;

/// <summary>
/// Crops a random area of a random aspect ratio and brings it to the image's size, bilinearly (Szegedy et al. 2014, arXiv 1409.4842; the crop is drawn as
/// torchvision and timm draw it: area uniform, ratio log-uniform, ten tries, then the largest centred crop whose ratio is allowed). As the first augmentation it is cut out of a copy of the image of
/// twice the size that the network sees, where images may be larger than that and <see cref="VitOptions.PixelCacheBytes"/> holds all copies in memory; else out of what the network sees, enlarged.
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
        // For each output column its left and its right input column and the share of the right one.
        int[] columns = ArrayPool<int>.Shared.Rent(size.Width);
        int[] nexts = ArrayPool<int>.Shared.Rent(size.Width);
        float[] shares = ArrayPool<float>.Shared.Rent(size.Width);
        // The two input rows that an output row lies between, enlarged: output rows one after the other mostly share them.
        float[] above = ArrayPool<float>.Shared.Rent(size.Width);
        float[] below = ArrayPool<float>.Shared.Rent(size.Width);
        for (int x = 0; x < size.Width; x++)
        {
            (columns[x], shares[x]) = Between(x, crop.Width, size.Width);
            nexts[x] = Math.Min(columns[x] + 1, crop.Width - 1);
        }
        for (int channel = 0; channel < channels; channel++)
        {
            int ready = -2;
            for (int y = 0; y < size.Height; y++)
            {
                (int first, float share) = Between(y, crop.Height, size.Height);
                if (first == ready + 1)
                {
                    (above, below) = (below, above);
                }
                else if (first != ready)
                {
                    Enlarge(Row(source, first), columns, nexts, shares, above.AsSpan(0, size.Width));
                }
                if (first != ready)
                {
                    Enlarge(Row(source, Math.Min(first + 1, crop.Height - 1)), columns, nexts, shares, below.AsSpan(0, size.Width));
                }
                ready = first;
                Write(above, below, share, target.Slice((channel * size.Height + y) * size.Width, size.Width));
            }

            ReadOnlySpan<T> Row(ReadOnlySpan<T> source, int row) => source.Slice((channel * size.Height + top + row) * size.Width + left, crop.Width);
        }
        ArrayPool<int>.Shared.Return(columns);
        ArrayPool<int>.Shared.Return(nexts);
        ArrayPool<float>.Shared.Return(shares);
        ArrayPool<float>.Shared.Return(above);
        ArrayPool<float>.Shared.Return(below);
    }

    private static void Enlarge<T>(ReadOnlySpan<T> from, ReadOnlySpan<int> columns, ReadOnlySpan<int> nexts, ReadOnlySpan<float> shares, Span<float> to)
        where T : unmanaged, INumber<T>
    {
        columns = columns[..to.Length];
        nexts = nexts[..to.Length];
        shares = shares[..to.Length];
        for (int x = 0; x < to.Length; x++)
        {
            to[x] = Mix(float.CreateTruncating(from[columns[x]]), float.CreateTruncating(from[nexts[x]]), shares[x]);
        }
    }

    private static void Write<T>(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float share, Span<T> to)
        where T : unmanaged, INumber<T>
    {
        above = above[..to.Length];
        below = below[..to.Length];
        int x = 0;
        if (typeof(T) == typeof(byte))
        {
            Span<byte> bytes = MemoryMarshal.Cast<T, byte>(to);
            int lanes = Vector<float>.Count;
            for (; x <= bytes.Length - 4 * lanes; x += 4 * lanes)
            {
                var mixed = new ByteQuarters
                {
                    First = Rounded(above[x..], below[x..], share),
                    Second = Rounded(above[(x + lanes)..], below[(x + lanes)..], share),
                    Third = Rounded(above[(x + 2 * lanes)..], below[(x + 2 * lanes)..], share),
                    Fourth = Rounded(above[(x + 3 * lanes)..], below[(x + 3 * lanes)..], share),
                };
                mixed.CopyTo(bytes[x..]);
            }
        }
        for (; x < to.Length; x++)
        {
            float mixed = Mix(above[x], below[x], share);
            to[x] = T.CreateTruncating(typeof(T) == typeof(byte) ? MathF.Round(mixed) : mixed);
        }
    }

    private static Vector<int> Rounded(ReadOnlySpan<float> above, ReadOnlySpan<float> below, float share) =>
        Vector.ConvertToInt32Native(Vector.Round(new Vector<float>(above) * (1 - share) + new Vector<float>(below) * share));

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

    /// <summary>Draws a crop of an image.</summary>
    internal PixelWindow Draw(PixelSize size, Random random)
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
                return new PixelWindow(random.Next(size.Height - crop.Height + 1), random.Next(size.Width - crop.Width + 1), crop);
            }
        }
        double ratio = Math.Clamp((double)size.Width / size.Height, MinAspect, MaxAspect);
        var largest = new PixelSize(
            Math.Clamp((int)Math.Round(Math.Min(size.Height, size.Width / ratio)), 1, size.Height),
            Math.Clamp((int)Math.Round(Math.Min(size.Width, size.Height * ratio)), 1, size.Width));
        return new PixelWindow((size.Height - largest.Height) / 2, (size.Width - largest.Width) / 2, largest);
    }
}
