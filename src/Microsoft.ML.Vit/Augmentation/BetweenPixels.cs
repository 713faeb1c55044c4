using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Bilinear and bicubic sampling of an image, rows of the result at once: where each pixel comes from, then the four by four (two by two) pixels around these places, then their means. Every
/// number is the one that Pillow computes, whose double precision shows where a mean is cut off.
/// </summary>
internal readonly ref struct BetweenPixels : IDisposable
{
    // The border is repeated for the pixels that lie around places inside the image: from one beyond the pixel before the first to two beyond the last.
    private const int Margin = 2;

    private readonly int _channels;
    private readonly PixelSize _size;
    private readonly bool _isBicubic;
    private readonly int _stride;
    private readonly byte[] _image; // with margins
    private readonly double[] _places; // of the pixel above and left of each place, in a plane with margins
    private readonly double[] _right; // share of the next pixel to the right
    private readonly double[] _down; // and below
    private readonly uint[] _pixels; // four of a row in each, for every place one row after the other
    private readonly byte[] _row;

    /// <summary>Copies the image.</summary>
    public BetweenPixels(in PixelCanvas canvas, bool isBicubic)
    {
        (_channels, _size, _isBicubic) = (canvas.Channels, canvas.Size, isBicubic);
        _stride = _size.Width + 2 * Margin;
        _image = ArrayPool<byte>.Shared.Rent(_channels * PlaneLength);
        // Whole vectors, wherever a row's first pixel lies.
        int length = _size.Width + 2 * Vector<byte>.Count;
        _places = ArrayPool<double>.Shared.Rent(length);
        _right = ArrayPool<double>.Shared.Rent(length);
        _down = ArrayPool<double>.Shared.Rent(length);
        _pixels = ArrayPool<uint>.Shared.Rent(4 * length);
        _row = ArrayPool<byte>.Shared.Rent(length);
        for (int row = 0; row < _channels * (_size.Height + 2 * Margin); row++)
        {
            (int channel, int y) = Math.DivRem(row, _size.Height + 2 * Margin);
            ReadOnlySpan<byte> from = canvas.Pixels.Slice((channel * _size.Height + Math.Clamp(y - Margin, 0, _size.Height - 1)) * _size.Width, _size.Width);
            Span<byte> to = _image.AsSpan(row * _stride, _stride);
            to[..Margin].Fill(from[0]);
            from.CopyTo(to[Margin..]);
            to[^Margin..].Fill(from[^1]);
        }
    }

    private int PlaneLength => (_size.Height + 2 * Margin) * _stride;

    private int RowLength => _pixels.Length / 4;

    /// <summary>Writes the pixels that come from inside the image.</summary>
    /// <param name="target">channels x height x width, filled already.</param>
    /// <param name="map">Where each pixel comes from.</param>
    public void Warp(Span<byte> target, AffineMap map)
    {
        for (int y = 0; y < _size.Height; y++)
        {
            // A straight line is inside the image from one place to another.
            int start = 0, end = _size.Width;
            while (start < end && !IsInside(map, start, y))
            {
                start++;
            }
            while (start < end && !IsInside(map, end - 1, y))
            {
                end--;
            }
            if (start == end)
            {
                continue;
            }
            Place(map, start, end, y);
            for (int channel = 0; channel < _channels; channel++)
            {
                Gather(channel, end - start);
                Mean(end - start);
                _row.AsSpan(0, end - start).CopyTo(target[((channel * _size.Height + y) * _size.Width + start)..]);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_image);
        ArrayPool<double>.Shared.Return(_places);
        ArrayPool<double>.Shared.Return(_right);
        ArrayPool<double>.Shared.Return(_down);
        ArrayPool<uint>.Shared.Return(_pixels);
        ArrayPool<byte>.Shared.Return(_row);
    }

    private bool IsInside(AffineMap map, int x, int y)
    {
        double atX = map.A * (x + 0.5) + map.B * (y + 0.5) + map.C;
        double atY = map.D * (x + 0.5) + map.E * (y + 0.5) + map.F;
        return atX >= 0 && atX < _size.Width && atY >= 0 && atY < _size.Height;
    }

    /// <summary>Where the pixels of a row come from.</summary>
    private void Place(AffineMap map, int start, int end, int y)
    {
        var half = new Vector<double>(0.5);
        Vector<double> x = Vector.CreateSequence(start + 0.5, 1);
        for (int i = 0; i < end - start; i += Vector<double>.Count, x += new Vector<double>(Vector<double>.Count))
        {
            Vector<double> atX = x * map.A + new Vector<double>(map.B * (y + 0.5)) + new Vector<double>(map.C) - half;
            Vector<double> atY = x * map.D + new Vector<double>(map.E * (y + 0.5)) + new Vector<double>(map.F) - half;
            Vector<double> left = Vector.Floor(atX), top = Vector.Floor(atY);
            (atX - left).CopyTo(_right, i);
            (atY - top).CopyTo(_down, i);
            // One row up and one column to the left, behind the margin.
            ((top + new Vector<double>(Margin - 1)) * _stride + left + new Vector<double>(Margin - 1)).CopyTo(_places, i);
        }
    }

    /// <summary>The pixels around the places, four bytes of a row at once.</summary>
    private void Gather(int channel, int count)
    {
        // The slices are all that is read and written below, where nothing checks bounds.
        ref byte plane = ref MemoryMarshal.GetReference(_image.AsSpan(channel * PlaneLength, PlaneLength));
        ReadOnlySpan<double> places = _places.AsSpan(0, count);
        Span<uint> above = Pixels(0)[..count], first = Pixels(1)[..count], second = Pixels(2)[..count], below = Pixels(3)[..count];
        for (int i = 0; i < places.Length; i++)
        {
            ref byte pixels = ref Unsafe.Add(ref plane, (nint)places[i]);
            first[i] = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref pixels, _stride));
            second[i] = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref pixels, 2 * _stride));
            if (_isBicubic)
            {
                above[i] = Unsafe.ReadUnaligned<uint>(ref pixels);
                below[i] = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref pixels, 3 * _stride));
            }
        }
    }

    private Span<uint> Pixels(int row) => _pixels.AsSpan(row * RowLength, RowLength);

    /// <summary>The means at the places, as bytes.</summary>
    private void Mean(int count)
    {
        int lanes = Vector<int>.Count;
        for (int i = 0; i < count; i += Vector<byte>.Count)
        {
            Vector<int> first = MeanAt(i), second = MeanAt(i + lanes), third = MeanAt(i + 2 * lanes), fourth = MeanAt(i + 3 * lanes);
            Vector.AsVectorByte(Vector.Narrow(Vector.Narrow(first, second), Vector.Narrow(third, fourth))).CopyTo(_row, i);
        }
    }

    /// <summary>At a vector of places.</summary>
    private Vector<int> MeanAt(int at)
    {
        var (right, rightOfHigh) = (new Vector<double>(_right, at), new Vector<double>(_right, at + Vector<double>.Count));
        var (down, downOfHigh) = (new Vector<double>(_down, at), new Vector<double>(_down, at + Vector<double>.Count));
        Vector<double> low, high;
        if (_isBicubic)
        {
            (Vector<double> a, Vector<double> aHigh) = Cubic(0, at, right, rightOfHigh);
            (Vector<double> b, Vector<double> bHigh) = Cubic(1, at, right, rightOfHigh);
            (Vector<double> c, Vector<double> cHigh) = Cubic(2, at, right, rightOfHigh);
            (Vector<double> d, Vector<double> dHigh) = Cubic(3, at, right, rightOfHigh);
            (low, high) = (Cubic(a, b, c, d, down), Cubic(aHigh, bHigh, cHigh, dHigh, downOfHigh));
        }
        else
        {
            (Vector<double> above, Vector<double> aboveHigh) = Linear(1, at, right, rightOfHigh);
            (Vector<double> below, Vector<double> belowHigh) = Linear(2, at, right, rightOfHigh);
            (low, high) = (above + (below - above) * down, aboveHigh + (belowHigh - aboveHigh) * downOfHigh);
        }
        // Whole before they become floats, which could round up.
        return Vector.ConvertToInt32Native(Vector.Narrow(CutOff(low), CutOff(high)));
    }

    private static Vector<double> CutOff(Vector<double> mean) => Vector.Floor(Vector.Min(Vector.Max(mean, Vector<double>.Zero), new Vector<double>(255)));

    /// <summary>Cubic convolution (a = -1) of the pixels b and c, and those before and after them, at a share of the way from one to the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Cubic(Vector<double> a, Vector<double> b, Vector<double> c, Vector<double> d, Vector<double> share) =>
        b + share * (c - a + share * ((a - b) * 2 + c - d + share * (b - a - c + d)));

    /// <summary>The same along a row of pixels: the sums before the products, being whole, come out alike in integers.</summary>
    private (Vector<double> Low, Vector<double> High) Cubic(int row, int at, Vector<double> share, Vector<double> shareOfHigh)
    {
        var pixels = new Vector<uint>(Pixels(row)[at..]);
        Vector<int> a = Byte(pixels, 0), b = Byte(pixels, 1), c = Byte(pixels, 2), d = Byte(pixels, 3);
        (Vector<double> constant, Vector<double> constantOfHigh) = Widen(b);
        (Vector<double> linear, Vector<double> linearOfHigh) = Widen(c - a);
        (Vector<double> square, Vector<double> squareOfHigh) = Widen((a - b) * 2 + c - d);
        (Vector<double> cube, Vector<double> cubeOfHigh) = Widen(b - a - c + d);
        return (constant + share * (linear + share * (square + share * cube)),
            constantOfHigh + shareOfHigh * (linearOfHigh + shareOfHigh * (squareOfHigh + shareOfHigh * cubeOfHigh)));
    }

    private (Vector<double> Low, Vector<double> High) Linear(int row, int at, Vector<double> share, Vector<double> shareOfHigh)
    {
        var pixels = new Vector<uint>(Pixels(row)[at..]);
        Vector<int> b = Byte(pixels, 1), c = Byte(pixels, 2);
        (Vector<double> constant, Vector<double> constantOfHigh) = Widen(b);
        (Vector<double> linear, Vector<double> linearOfHigh) = Widen(c - b);
        return (constant + linear * share, constantOfHigh + linearOfHigh * shareOfHigh);
    }

    private static Vector<int> Byte(Vector<uint> pixels, int index) => Vector.AsVectorInt32(Vector.ShiftRightLogical(pixels, 8 * index) & new Vector<uint>(0xFF));

    private static (Vector<double> Low, Vector<double> High) Widen(Vector<int> numbers)
    {
        Vector.Widen(Vector.ConvertToSingle(numbers), out Vector<double> low, out Vector<double> high);
        return (low, high);
    }
}
