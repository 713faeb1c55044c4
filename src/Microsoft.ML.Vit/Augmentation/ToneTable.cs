using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Changes that look at each value by itself: for each of the 256 bytes the one that takes its place, with Pillow's arithmetic (ImageOps and ImageEnhance).</summary>
internal static class ToneTable
{
    /// <summary>Entries of a table.</summary>
    public const int Length = 256;

    /// <summary>Stretches the plane's least to greatest value over 0 to 255; a plane of one value stays.</summary>
    public static void AutoContrast(ReadOnlySpan<byte> plane, Span<byte> table)
    {
        (double low, double high, _, _) = ChannelSpread.Of(plane);
        double scale = high > low ? 255.0 / (high - low) : 1;
        double offset = high > low ? -low * scale : 0;
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (byte)Math.Clamp(i * scale + offset, 0, 255);
        }
    }

    /// <summary>Gives each value the share of the plane's values below it; a plane of few or of one value stays.</summary>
    public static void Equalize(ReadOnlySpan<byte> plane, Span<byte> table)
    {
        Span<int> histogram = stackalloc int[Length];
        Count(plane, histogram);
        int last = histogram[histogram.LastIndexOfAnyExcept(0)];
        // Where one value fills the plane, this is 0 as well.
        int step = (plane.Length - last) / 255;
        int below = step / 2;
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = step == 0 ? (byte)i : (byte)Math.Min(below / step, 255);
            below += histogram[i];
        }
    }

    /// <summary>255 less the value.</summary>
    public static void Invert(Span<byte> table) => Solarize(0, table);

    /// <summary>Keeps so many of the highest bits, 0 (all black) to 8.</summary>
    public static void Posterize(int bits, Span<byte> table)
    {
        int mask = ~((1 << (8 - bits)) - 1);
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (byte)(i & mask);
        }
    }

    /// <summary>The negative of the values from the threshold on.</summary>
    public static void Solarize(double threshold, Span<byte> table)
    {
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (byte)(i < threshold ? i : 255 - i);
        }
    }

    /// <summary>Adds to the values below 128, up to 255.</summary>
    public static void SolarizeAdd(int add, Span<byte> table)
    {
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = (byte)(i < 128 ? Math.Min(i + add, 255) : i);
        }
    }

    /// <summary>From one value (factor 0) to the image (1) and beyond.</summary>
    public static void Blend(byte from, float factor, Span<byte> table)
    {
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = Blended(from, i, factor);
        }
    }

    /// <summary>Pillow's blend of two values: in single precision, cut off, not rounded.</summary>
    public static byte Blended(int from, int to, float factor) => (byte)Math.Clamp(from + factor * (to - from), 0, 255);

    /// <summary>The same of a vector of values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Blended(Vector<int> from, Vector<int> to, float factor)
    {
        Vector<float> blend = Vector.ConvertToSingle(from) + factor * Vector.ConvertToSingle(to - from);
        return Vector.ConvertToInt32Native(Vector.Min(Vector.Max(blend, Vector<float>.Zero), new Vector<float>(255)));
    }

    /// <summary>Replaces each value by its entry.</summary>
    public static void Apply(Span<byte> pixels, ReadOnlySpan<byte> table)
    {
        table = table[..Length];
        if (Avx512Vbmi.IsSupported)
        {
            Span<Vector512<byte>> vectors = MemoryMarshal.Cast<byte, Vector512<byte>>(pixels);
            ReadOnlySpan<Vector512<byte>> quarters = MemoryMarshal.Cast<byte, Vector512<byte>>(table);
            foreach (ref Vector512<byte> values in vectors)
            {
                // Either instruction looks up half of the table by the lower seven bits; the eighth says which one counts.
                Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(quarters[0], values, quarters[1]);
                Vector512<byte> high = Avx512Vbmi.PermuteVar64x8x2(quarters[2], values, quarters[3]);
                values = Vector512.ConditionalSelect(Vector512.LessThan(values.AsSByte(), Vector512<sbyte>.Zero).AsByte(), high, low);
            }
            pixels = pixels[(vectors.Length * Vector512<byte>.Count)..];
        }
        foreach (ref byte pixel in pixels)
        {
            pixel = table[pixel];
        }
    }

    /// <summary>How often each value comes.</summary>
    private static void Count(ReadOnlySpan<byte> plane, Span<int> histogram)
    {
        // Two counts side by side: equal values one after the other would wait for each other.
        Span<int> odd = stackalloc int[Length];
        odd.Clear();
        histogram = histogram[..Length];
        histogram.Clear();
        int i = 0;
        for (; i < plane.Length - 1; i += 2)
        {
            histogram[plane[i]]++;
            odd[plane[i + 1]]++;
        }
        if (i < plane.Length)
        {
            histogram[plane[i]]++;
        }
        for (int value = 0; value < Length; value++)
        {
            histogram[value] += odd[value];
        }
    }
}
