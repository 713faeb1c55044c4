using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Images;

/// <summary>One pass of a resampling, whole rows at a time: each output row is a weighted sum of input rows, rounded to bytes.</summary>
internal static class RowSums
{
    private const int Half = 1 << (ResampleTable.FractionBits - 1);

    /// <summary>Computes all output rows of a table.</summary>
    /// <param name="source">Input rows from <paramref name="first"/> to the table's end, <paramref name="stride"/> bytes from one to the next.</param>
    /// <param name="stride">Bytes, at least <paramref name="width"/>.</param>
    /// <param name="table">Which input rows each output row reads, and their weights.</param>
    /// <param name="first">The input row that the source begins with, not above the first that is read.</param>
    /// <param name="target">The output rows, one after the other.</param>
    /// <param name="width">Values of a row that are wanted.</param>
    public static void Compute(ReadOnlySpan<byte> source, int stride, ResampleTable table, int first, Span<byte> target, int width)
    {
        bool isWide = Vector512.IsHardwareAccelerated && width >= Vector512<byte>.Count;
        int lanes = isWide ? Vector512<byte>.Count : Vector<byte>.Count;
        for (int row = 0; row < table.Length; row++)
        {
            ReadOnlySpan<int> weights = table.Weights(row);
            // The slice is all that is read below, where nothing checks bounds.
            ReadOnlySpan<byte> from = source.Slice((table.Start(row) - first) * stride, (weights.Length - 1) * stride + width);
            Span<byte> to = target.Slice(row * width, width);
            ref byte start = ref MemoryMarshal.GetReference(from);
            if (width < lanes)
            {
                for (int x = 0; x < width; x++)
                {
                    to[x] = Sum(ref Unsafe.Add(ref start, x), stride, weights);
                }
                continue;
            }
            for (int x = 0; x < width; x += lanes)
            {
                // The last vector ends where the row does, over values that are there already.
                int at = Math.Min(x, width - lanes);
                if (isWide)
                {
                    SumWideVector(ref Unsafe.Add(ref start, at), stride, weights).CopyTo(to[at..]);
                }
                else
                {
                    SumVector(ref Unsafe.Add(ref start, at), stride, weights).CopyTo(to[at..]);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> SumVector(ref byte from, int stride, ReadOnlySpan<int> weights)
    {
        var (a, b, c, d) = (new Vector<int>(Half), new Vector<int>(Half), new Vector<int>(Half), new Vector<int>(Half));
        foreach (int weight in weights)
        {
            Vector.Widen(Vector.LoadUnsafe(ref from), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
            Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
            var factor = new Vector<int>(weight);
            a += Vector.AsVectorInt32(first) * factor;
            b += Vector.AsVectorInt32(second) * factor;
            c += Vector.AsVectorInt32(third) * factor;
            d += Vector.AsVectorInt32(fourth) * factor;
            from = ref Unsafe.Add(ref from, stride);
        }
        return Vector.Narrow(Vector.Narrow(Round(a), Round(b)), Vector.Narrow(Round(c), Round(d)));
    }

    /// <summary>The same of 64 bytes: <see cref="Vector{T}"/> has 32 at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> SumWideVector(ref byte from, int stride, ReadOnlySpan<int> weights)
    {
        var (a, b, c, d) = (Vector512.Create(Half), Vector512.Create(Half), Vector512.Create(Half), Vector512.Create(Half));
        foreach (int weight in weights)
        {
            (Vector512<ushort> low, Vector512<ushort> high) = Vector512.Widen(Vector512.LoadUnsafe(ref from));
            (Vector512<uint> first, Vector512<uint> second) = Vector512.Widen(low);
            (Vector512<uint> third, Vector512<uint> fourth) = Vector512.Widen(high);
            Vector512<int> factor = Vector512.Create(weight);
            a += first.AsInt32() * factor;
            b += second.AsInt32() * factor;
            c += third.AsInt32() * factor;
            d += fourth.AsInt32() * factor;
            from = ref Unsafe.Add(ref from, stride);
        }
        return Vector512.Narrow(Vector512.Narrow(Round(a), Round(b)), Vector512.Narrow(Round(c), Round(d)));
    }

    private static Vector512<uint> Round(Vector512<int> sums) =>
        Vector512.Min(Vector512.Max(Vector512.ShiftRightArithmetic(sums, ResampleTable.FractionBits), Vector512<int>.Zero), Vector512.Create(255)).AsUInt32();

    private static Vector<uint> Round(Vector<int> sums) =>
        Vector.AsVectorUInt32(Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(sums, ResampleTable.FractionBits), Vector<int>.Zero), new Vector<int>(255)));

    private static byte Sum(ref byte from, int stride, ReadOnlySpan<int> weights)
    {
        int sum = Half;
        foreach (int weight in weights)
        {
            sum += from * weight;
            from = ref Unsafe.Add(ref from, stride);
        }
        return (byte)Math.Clamp(sum >> ResampleTable.FractionBits, 0, 255);
    }
}
