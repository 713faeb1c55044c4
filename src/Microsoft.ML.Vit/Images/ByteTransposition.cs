using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Images;

/// <summary>Rows of bytes to columns: eight rows at once, in squares of eight by eight bytes, one square in each 64-bit lane of a vector.</summary>
internal static class ByteTransposition
{
    private const int Side = sizeof(ulong);

    /// <summary>Transposes.</summary>
    /// <param name="source">Rows, <paramref name="stride"/> bytes from one to the next.</param>
    /// <param name="stride">Bytes, at least <paramref name="columns"/>.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Bytes of a row that are taken.</param>
    /// <param name="target">columns x rows bytes.</param>
    public static void Transpose(ReadOnlySpan<byte> source, int stride, int rows, int columns, Span<byte> target)
    {
        // The slices are all that is read and written below, where nothing checks bounds.
        source = source[..((rows - 1) * stride + columns)];
        target = target[..(rows * columns)];
        int width = Vector<byte>.Count;
        if (rows < Side || columns < width)
        {
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++)
                {
                    target[x * rows + y] = source[y * stride + x];
                }
            }
            return;
        }
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(target);
        for (int y = 0; y < rows; y += Side)
        {
            // The last blocks end where the image does, and write some bytes a second time.
            int top = Math.Min(y, rows - Side);
            for (int x = 0; x < columns; x += width)
            {
                int left = Math.Min(x, columns - width);
                Block(ref Unsafe.Add(ref from, top * stride + left), stride, ref Unsafe.Add(ref to, left * rows + top), rows);
            }
        }
    }

    /// <summary>Eight rows of a vector's bytes.</summary>
    private static void Block(ref byte from, int stride, ref byte to, int rows)
    {
        Vector<ulong> a = Load(ref from, 0), b = Load(ref from, stride), c = Load(ref from, 2 * stride), d = Load(ref from, 3 * stride);
        Vector<ulong> e = Load(ref from, 4 * stride), f = Load(ref from, 5 * stride), g = Load(ref from, 6 * stride), h = Load(ref from, 7 * stride);
        const ulong Halves = 0x00000000FFFFFFFF, Quarters = 0x0000FFFF0000FFFF, Bytes = 0x00FF00FF00FF00FF;
        Exchange(ref a, ref e, 32, Halves);
        Exchange(ref b, ref f, 32, Halves);
        Exchange(ref c, ref g, 32, Halves);
        Exchange(ref d, ref h, 32, Halves);
        Exchange(ref a, ref c, 16, Quarters);
        Exchange(ref b, ref d, 16, Quarters);
        Exchange(ref e, ref g, 16, Quarters);
        Exchange(ref f, ref h, 16, Quarters);
        Exchange(ref a, ref b, 8, Bytes);
        Exchange(ref c, ref d, 8, Bytes);
        Exchange(ref e, ref f, 8, Bytes);
        Exchange(ref g, ref h, 8, Bytes);
        for (int lane = 0; lane < Vector<ulong>.Count; lane++)
        {
            Store(ref to, 0, a[lane]);
            Store(ref to, rows, b[lane]);
            Store(ref to, 2 * rows, c[lane]);
            Store(ref to, 3 * rows, d[lane]);
            Store(ref to, 4 * rows, e[lane]);
            Store(ref to, 5 * rows, f[lane]);
            Store(ref to, 6 * rows, g[lane]);
            Store(ref to, 7 * rows, h[lane]);
            to = ref Unsafe.Add(ref to, Side * rows);
        }
    }

    /// <summary>Swaps, in every square, the part above and right of the diagonal with the one below and left of it, of the size that the shift and the mask say.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exchange(ref Vector<ulong> above, ref Vector<ulong> below, int shift, ulong mask)
    {
        Vector<ulong> differing = (Vector.ShiftRightLogical(above, shift) ^ below) & new Vector<ulong>(mask);
        below ^= differing;
        above ^= Vector.ShiftLeft(differing, shift);
    }

    private static Vector<ulong> Load(ref byte from, int at) => Vector.AsVectorUInt64(Vector.LoadUnsafe(ref from, (nuint)at));

    private static void Store(ref byte to, int at, ulong bytes) => Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), bytes);
}
