using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
        int lanes = Vector<byte>.Count;
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
                SumVector(ref Unsafe.Add(ref start, at), stride, weights).CopyTo(to[at..]);
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
