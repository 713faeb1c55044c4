using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>
/// Luma and two colour differences of a JPEG file to planes of red, green and blue, with the numbers of the Independent JPEG Group's library: its "fancy" enlargement of halved
/// differences (three quarters of the nearer pixel, one of the farther) and its fixed point of the JFIF conversion.
/// </summary>
/// <param name="size">Of the image.</param>
internal sealed class JpegColours(PixelSize size)
{
    private const int FractionBits = 16;

    private readonly int _halved = (size.Width + 1) / 2;
    // A row of sums of halved differences, the first and the last repeated beyond the ends, and room for what vectors write beyond them.
    private readonly ushort[] _sums = new ushort[(size.Width + 1) / 2 + 2 + Vector<byte>.Count];
    private readonly byte[] _blue = new byte[size.Width + 2 * Vector<byte>.Count];
    private readonly byte[] _red = new byte[size.Width + 2 * Vector<byte>.Count];

    /// <summary>Converts one row.</summary>
    /// <param name="components">Luma, the blue and the red difference.</param>
    /// <param name="row">Which row.</param>
    /// <param name="planes">Receives the row: red, green and blue of the whole image.</param>
    [MethodImpl(MethodImplOptions.NoInlining)] // with the caller's, it would be too long for what it calls to be taken into it
    public void Convert(JpegComponent[] components, int row, Span<byte> planes)
    {
        (int height, int width) = (size.Height, size.Width);
        ReadOnlySpan<byte> luma = components[0].Row(row, width);
        ReadOnlySpan<byte> blue = Differences(components[0], components[1], row, _blue);
        ReadOnlySpan<byte> red = Differences(components[0], components[2], row, _red);
        int area = width * height;
        Span<byte> reds = planes.Slice(row * width, width);
        Span<byte> greens = planes.Slice(area + row * width, width);
        Span<byte> blues = planes.Slice(2 * area + row * width, width);
        int lanes = Vector<byte>.Count;
        // The last vector ends where the row does, over pixels that are there already.
        for (int x = 0; x < width; x += lanes)
        {
            int at = Math.Min(x, width - lanes);
            Widen(luma[at..], out Vector<int> y0, out Vector<int> y1, out Vector<int> y2, out Vector<int> y3);
            Widen(blue[at..], out Vector<int> b0, out Vector<int> b1, out Vector<int> b2, out Vector<int> b3);
            Widen(red[at..], out Vector<int> r0, out Vector<int> r1, out Vector<int> r2, out Vector<int> r3);
            (y0, y1, y2, y3) = (Whole(y0), Whole(y1), Whole(y2), Whole(y3));
            Narrow(Red(y0, r0), Red(y1, r1), Red(y2, r2), Red(y3, r3)).CopyTo(reds[at..]);
            Narrow(Green(y0, b0, r0), Green(y1, b1, r1), Green(y2, b2, r2), Green(y3, b3, r3)).CopyTo(greens[at..]);
            Narrow(Blue(y0, b0), Blue(y1, b1), Blue(y2, b2), Blue(y3, b3)).CopyTo(blues[at..]);
        }
    }

    /// <summary>A row of differences in the image's width.</summary>
    private ReadOnlySpan<byte> Differences(JpegComponent luma, JpegComponent difference, int row, byte[] room)
    {
        (int height, int width) = (size.Height, size.Width);
        if (difference.Across == luma.Across)
        {
            return difference.Row(row, width);
        }
        bool bothWays = difference.Down != luma.Down;
        // The row that the pixel lies in and, halved both ways, the one that it lies nearer to; at the border, the same one.
        int near = bothWays ? row / 2 : row;
        int far = Math.Clamp(row % 2 == 0 ? near - 1 : near + 1, 0, (height + 1) / 2 - 1);
        Sum(difference.From(near), bothWays ? difference.From(far) : []);
        // What is added before the fraction is cut off differs from pixel to pixel, so that no half is always rounded the same way.
        Enlarge(room, bothWays ? 4 : 2, bothWays ? 8 : 1, bothWays ? 7 : 2);
        return room.AsSpan(0, width);
    }

    /// <summary>Three times the one row and the other; the one alone where there is no other.</summary>
    private void Sum(ReadOnlySpan<byte> nearer, ReadOnlySpan<byte> farther)
    {
        Span<ushort> sums = _sums.AsSpan(1);
        for (int i = 0; i < _halved; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(nearer[i..]), out Vector<ushort> low, out Vector<ushort> high);
            if (!farther.IsEmpty)
            {
                Vector.Widen(new Vector<byte>(farther[i..]), out Vector<ushort> otherLow, out Vector<ushort> otherHigh);
                (low, high) = (low * 3 + otherLow, high * 3 + otherHigh);
            }
            low.CopyTo(sums[i..]);
            high.CopyTo(sums[(i + Vector<ushort>.Count)..]);
        }
        (_sums[0], _sums[_halved + 1]) = (_sums[1], _sums[_halved]);
    }

    private void Enlarge(byte[] target, int shift, int roundLeft, int roundRight)
    {
        Span<ushort> pairs = MemoryMarshal.Cast<byte, ushort>(target.AsSpan());
        for (int i = 0; i < _halved; i += Vector<ushort>.Count)
        {
            Vector<ushort> three = new Vector<ushort>(_sums, i + 1) * 3;
            Vector<ushort> left = (three + new Vector<ushort>(_sums, i) + new Vector<ushort>((ushort)roundLeft)) >>> shift;
            Vector<ushort> right = (three + new Vector<ushort>(_sums, i + 2) + new Vector<ushort>((ushort)roundRight)) >>> shift;
            (left | (right << 8)).CopyTo(pairs[i..]);
        }
    }

    /// <summary>Bytes as numbers about 0: less 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(ReadOnlySpan<byte> bytes, out Vector<int> a, out Vector<int> b, out Vector<int> c, out Vector<int> d)
    {
        Vector.Widen(Vector.AsVectorSByte(new Vector<byte>(bytes) ^ new Vector<byte>(128)), out Vector<short> low, out Vector<short> high);
        Vector.Widen(low, out a, out b);
        Vector.Widen(high, out c, out d);
    }

    /// <summary>Luma in the fixed point, and the half that rounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Whole(Vector<int> luma) => (luma << FractionBits) + new Vector<int>(1 << (FractionBits - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Red(Vector<int> luma, Vector<int> red) => (luma + red * Factor(1.40200)) >> FractionBits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Green(Vector<int> luma, Vector<int> blue, Vector<int> red) => (luma - blue * Factor(0.34414) - red * Factor(0.71414)) >> FractionBits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Blue(Vector<int> luma, Vector<int> blue) => (luma + blue * Factor(1.77200)) >> FractionBits;

    private static int Factor(double value) => (int)(value * (1 << FractionBits) + 0.5);

    /// <summary>Back to bytes; what is beyond their range becomes its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Narrow(Vector<int> a, Vector<int> b, Vector<int> c, Vector<int> d) =>
        Vector.AsVectorByte(Vector.NarrowWithSaturation(Vector.NarrowWithSaturation(a, b), Vector.NarrowWithSaturation(c, d))) ^ new Vector<byte>(128);
}
