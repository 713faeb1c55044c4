using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>
/// The inverse transform of a block of 8 x 8 coefficients: that of Loeffler, Ligtenberg and Moschytz 1989 with the fixed point of the Independent JPEG Group's library
/// (its "slow integer" method), to the bit: columns, then rows, all eight at once.
/// </summary>
internal static class JpegInverseDct
{
    /// <summary>The greatest sum of a block's absolute coefficients for which nothing below overflows; real images stay below it.</summary>
    public const int GreatestSum = 8192;

    private const int FractionBits = 13;
    // Kept between the passes.
    private const int ExtraBits = 2;

    /// <summary>Computes a block's pixels.</summary>
    /// <param name="block">64 dequantised coefficients, row after row.</param>
    /// <param name="target">The first of the block's pixels.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <returns>False where the coefficients' sum is too great.</returns>
    public static bool TryApply(ReadOnlySpan<int> block, Span<byte> target, int stride)
    {
        ref int from = ref MemoryMarshal.GetReference(block[..64]);
        Vector256<int> a = Vector256.LoadUnsafe(ref from), b = Vector256.LoadUnsafe(ref from, 8), c = Vector256.LoadUnsafe(ref from, 16), d = Vector256.LoadUnsafe(ref from, 24);
        Vector256<int> e = Vector256.LoadUnsafe(ref from, 32), f = Vector256.LoadUnsafe(ref from, 40), g = Vector256.LoadUnsafe(ref from, 48), h = Vector256.LoadUnsafe(ref from, 56);
        Vector256<int> sums = Vector256.Abs(a) + Vector256.Abs(b) + Vector256.Abs(c) + Vector256.Abs(d) + Vector256.Abs(e) + Vector256.Abs(f) + Vector256.Abs(g) + Vector256.Abs(h);
        if (Vector256.Sum(sums) > GreatestSum)
        {
            return false;
        }
        Pass(ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, FractionBits - ExtraBits);
        Transpose(ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
        Pass(ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, FractionBits + ExtraBits + 3);
        Store(Bytes(a, b, c, d), Bytes(e, f, g, h), ref MemoryMarshal.GetReference(target[..(7 * stride + 8)]), stride);
        return true;
    }

    /// <summary>A block whose only coefficient is the first, dequantised.</summary>
    public static void Flat(int first, Span<byte> target, int stride)
    {
        byte value = (byte)(Math.Clamp(Wrapped(((first << ExtraBits) + (1 << (ExtraBits + 2))) >> (ExtraBits + 3)), -128, 127) + 128);
        for (int row = 0; row < 8; row++)
        {
            target.Slice(row * stride, 8).Fill(value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        ref Vector256<int> a, ref Vector256<int> b, ref Vector256<int> c, ref Vector256<int> d, ref Vector256<int> e, ref Vector256<int> f, ref Vector256<int> g, ref Vector256<int> h, int shift)
    {
        Vector256<int> half = Vector256.Create(1 << (shift - 1));
        Vector256<int> turned = (c + g) * Factor(0.541196100);
        Vector256<int> even2 = turned - g * Factor(1.847759065);
        Vector256<int> even3 = turned + c * Factor(0.765366865);
        Vector256<int> even0 = ((a + e) << FractionBits) + half;
        Vector256<int> even1 = ((a - e) << FractionBits) + half;
        (Vector256<int> sum0, Vector256<int> sum3) = (even0 + even3, even0 - even3);
        (Vector256<int> sum1, Vector256<int> sum2) = (even1 + even2, even1 - even2);

        Vector256<int> both = (h + d + f + b) * Factor(1.175875602);
        Vector256<int> outer = (h + b) * -Factor(0.899976223);
        Vector256<int> inner = (f + d) * -Factor(2.562915447);
        Vector256<int> third = (h + d) * -Factor(1.961570560) + both;
        Vector256<int> fourth = (f + b) * -Factor(0.390180644) + both;
        Vector256<int> odd0 = h * Factor(0.298631336) + outer + third;
        Vector256<int> odd1 = f * Factor(2.053119869) + inner + fourth;
        Vector256<int> odd2 = d * Factor(3.072711026) + inner + third;
        Vector256<int> odd3 = b * Factor(1.501321110) + outer + fourth;

        (a, h) = ((sum0 + odd3) >> shift, (sum0 - odd3) >> shift);
        (b, g) = ((sum1 + odd2) >> shift, (sum1 - odd2) >> shift);
        (c, f) = ((sum2 + odd1) >> shift, (sum2 - odd1) >> shift);
        (d, e) = ((sum3 + odd0) >> shift, (sum3 - odd0) >> shift);
    }

    private static int Factor(double value) => (int)(value * (1 << FractionBits) + 0.5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        ref Vector256<int> a, ref Vector256<int> b, ref Vector256<int> c, ref Vector256<int> d, ref Vector256<int> e, ref Vector256<int> f, ref Vector256<int> g, ref Vector256<int> h)
    {
        Exchange1(ref a, ref b);
        Exchange1(ref c, ref d);
        Exchange1(ref e, ref f);
        Exchange1(ref g, ref h);
        Exchange2(ref a, ref c);
        Exchange2(ref b, ref d);
        Exchange2(ref e, ref g);
        Exchange2(ref f, ref h);
        Exchange4(ref a, ref e);
        Exchange4(ref b, ref f);
        Exchange4(ref c, ref g);
        Exchange4(ref d, ref h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange1(ref Vector256<int> above, ref Vector256<int> below)
    {
        Vector256<int> even = Vector256.Create(-1, 0, -1, 0, -1, 0, -1, 0);
        (above, below) = (
            Vector256.ConditionalSelect(even, above, Vector256.Shuffle(below, Vector256.Create(0, 0, 2, 2, 4, 4, 6, 6))),
            Vector256.ConditionalSelect(even, Vector256.Shuffle(above, Vector256.Create(1, 1, 3, 3, 5, 5, 7, 7)), below));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange2(ref Vector256<int> above, ref Vector256<int> below)
    {
        Vector256<int> even = Vector256.Create(-1, -1, 0, 0, -1, -1, 0, 0);
        (above, below) = (
            Vector256.ConditionalSelect(even, above, Vector256.Shuffle(below, Vector256.Create(0, 1, 0, 1, 4, 5, 4, 5))),
            Vector256.ConditionalSelect(even, Vector256.Shuffle(above, Vector256.Create(2, 3, 2, 3, 6, 7, 6, 7)), below));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange4(ref Vector256<int> above, ref Vector256<int> below) =>
        (above, below) = (Vector256.Create(above.GetLower(), below.GetLower()), Vector256.Create(above.GetUpper(), below.GetUpper()));

    /// <summary>Values about 0 to bytes; those far beyond the range wrap, as they do in the library's table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Bytes(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d) =>
        (Vector256.NarrowWithSaturation((Vector256.Narrow(a, b) << 6) >> 6, (Vector256.Narrow(c, d) << 6) >> 6).AsByte() ^ Vector256.Create((byte)128)).AsUInt64();

    /// <summary>Stores eight columns of eight bytes each: transposes squares of four, of two, and of one byte about the diagonal, and stores rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ulong> left, Vector256<ulong> right, ref byte to, int stride)
    {
        Exchange(ref left, ref right, 32, 0x00000000FFFFFFFF);
        Vector256<ulong> first = Vector256.Create(left.GetLower(), right.GetLower()), last = Vector256.Create(left.GetUpper(), right.GetUpper());
        Exchange(ref first, ref last, 16, 0x0000FFFF0000FFFF);
        Vector256<ulong> uneven = Vector256.Create(0, ulong.MaxValue, 0, ulong.MaxValue);
        Vector256<ulong> above = Vector256.ConditionalSelect(uneven, Vector256.Shuffle(last, Vector256.Create(0ul, 0, 2, 2)), first);
        Vector256<ulong> below = Vector256.ConditionalSelect(uneven, last, Vector256.Shuffle(first, Vector256.Create(1ul, 1, 3, 3)));
        Exchange(ref above, ref below, 8, 0x00FF00FF00FF00FF);
        for (int row = 0; row < 4; row++)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 2 * row * stride), above[row]);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, (2 * row + 1) * stride), below[row]);
        }
    }

    /// <summary>Swaps, in every pair of lanes, what the mask and the shift say: the upper part of the one and the lower part of the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(ref Vector256<ulong> above, ref Vector256<ulong> below, int shift, ulong lower)
    {
        Vector256<ulong> differing = ((above >> shift) ^ below) & Vector256.Create(lower);
        below ^= differing;
        above ^= differing << shift;
    }

    private static int Wrapped(int value) => (value << 22) >> 22;
}
