using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Resizes 8-bit images as Pillow's <c>Image.resize</c> does, to the byte: two passes, rows first, each rounded to bytes, with the weights of
/// <see cref="ResampleTable"/>. Keeps the tables of recent sizes; one instance serves one thread.
/// </summary>
internal sealed class PixelResizer
{
    // Folders of photographs have few sizes; where every image has its own, the tables are not worth keeping.
    private const int MostTables = 64;
    private const int Half = 1 << (ResampleTable.FractionBits - 1);

    private readonly Interpolation _filter;
    private readonly Dictionary<(int Input, int Output, int First, int Length), ResampleTable> _tables = [];

    /// <summary>A resizer with one filter.</summary>
    public PixelResizer(Interpolation filter)
    {
        _filter = filter;
    }

    /// <summary>Resizes a whole image; one of the same size is copied unchanged.</summary>
    /// <param name="source">channels x from.Height x from.Width bytes.</param>
    /// <param name="from">The source's size.</param>
    /// <param name="target">channels x to.Height x to.Width bytes.</param>
    /// <param name="to">The target's size.</param>
    /// <param name="channels">Planes.</param>
    public void Resize(ReadOnlySpan<byte> source, PixelSize from, Span<byte> target, PixelSize to, int channels) =>
        Resize(source, from, target, to, new PixelWindow(0, 0, to), channels);

    /// <summary>Resizes, computing a window of the result alone: the same bytes as when the whole result is cropped.</summary>
    /// <param name="source">channels x from.Height x from.Width bytes.</param>
    /// <param name="from">The source's size.</param>
    /// <param name="target">channels x window.Size.Height x window.Size.Width bytes.</param>
    /// <param name="to">The size of the whole result.</param>
    /// <param name="window">What of the result is wanted, within it.</param>
    /// <param name="channels">Planes.</param>
    public void Resize(ReadOnlySpan<byte> source, PixelSize from, Span<byte> target, PixelSize to, PixelWindow window, int channels)
    {
        if (_filter == Interpolation.Nearest)
        {
            Nearest(source, from, target, to, window, channels);
            return;
        }
        ResampleTable? columns = from.Width == to.Width ? null : Table(from.Width, to.Width, window.Left, window.Size.Width);
        if (from.Height == to.Height)
        {
            ResizeRows(source, from, columns, window.Left, window.Top, window.Size.Height, target, window.Size.Width, channels);
            return;
        }
        // Only the rows that the second pass reads go through the first.
        ResampleTable rows = Table(from.Height, to.Height, window.Top, window.Size.Height);
        int first = rows.Start(0);
        int count = rows.End - first;
        int length = checked(channels * count * window.Size.Width);
        byte[] narrowed = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            ResizeRows(source, from, columns, window.Left, first, count, narrowed, window.Size.Width, channels);
            ResizeColumns(narrowed.AsSpan(0, length), rows, first, count, target, window.Size, channels);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(narrowed);
        }
    }

    /// <summary>Each row by itself: <paramref name="count"/> rows of each plane from <paramref name="first"/> on, resized, or cut out where the width stays (no table).</summary>
    private static void ResizeRows(ReadOnlySpan<byte> source, PixelSize size, ResampleTable? table, int left, int first, int count, Span<byte> target, int width, int channels)
    {
        for (int row = 0; row < channels * count; row++)
        {
            ReadOnlySpan<byte> from = source.Slice((row / count * size.Height + first + row % count) * size.Width, size.Width);
            Span<byte> to = target.Slice(row * width, width);
            if (table is null)
            {
                from.Slice(left, width).CopyTo(to);
                continue;
            }
            for (int x = 0; x < to.Length; x++)
            {
                ReadOnlySpan<int> weights = table.Weights(x);
                to[x] = Round(Half + Dot(from.Slice(table.Start(x), weights.Length), weights));
            }
        }
    }

    /// <summary>Each output row is a weighted sum of input rows, whole rows at a time; planes hold <paramref name="count"/> input rows, from <paramref name="first"/> on.</summary>
    private static void ResizeColumns(ReadOnlySpan<byte> source, ResampleTable table, int first, int count, Span<byte> target, PixelSize size, int channels)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(size.Width);
        Span<int> sums = rented.AsSpan(0, size.Width);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y < size.Height; y++)
            {
                sums.Fill(Half);
                ReadOnlySpan<int> weights = table.Weights(y);
                int start = channel * count + table.Start(y) - first;
                for (int i = 0; i < weights.Length; i++)
                {
                    AddScaled(source.Slice((start + i) * size.Width, size.Width), weights[i], sums);
                }
                Span<byte> to = target.Slice((channel * size.Height + y) * size.Width, size.Width);
                for (int x = 0; x < to.Length; x++)
                {
                    to[x] = Round(sums[x]);
                }
            }
        }
        ArrayPool<int>.Shared.Return(rented);
    }

    private static byte Round(int sum) => (byte)Math.Clamp(sum >> ResampleTable.FractionBits, 0, 255);

    private static int Dot(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> weights)
    {
        int sum = 0;
        int i = 0;
        int lanes = Vector<int>.Count;
        if (weights.Length >= Vector<byte>.Count)
        {
            Vector<int> sums = Vector<int>.Zero;
            for (; i <= weights.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            {
                Widen(new Vector<byte>(pixels[i..]), out Vector<int> a, out Vector<int> b, out Vector<int> c, out Vector<int> d);
                ReadOnlySpan<int> w = weights[i..];
                sums += a * new Vector<int>(w) + b * new Vector<int>(w[lanes..]) + c * new Vector<int>(w[(2 * lanes)..]) + d * new Vector<int>(w[(3 * lanes)..]);
            }
            sum = Vector.Sum(sums);
        }
        for (; i < weights.Length; i++)
        {
            sum += pixels[i] * weights[i];
        }
        return sum;
    }

    private static void AddScaled(ReadOnlySpan<byte> pixels, int weight, Span<int> sums)
    {
        int i = 0;
        int lanes = Vector<int>.Count;
        for (; i <= pixels.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Widen(new Vector<byte>(pixels[i..]), out Vector<int> a, out Vector<int> b, out Vector<int> c, out Vector<int> d);
            Span<Vector<int>> into = MemoryMarshal.Cast<int, Vector<int>>(sums.Slice(i, 4 * lanes));
            into[0] += a * weight;
            into[1] += b * weight;
            into[2] += c * weight;
            into[3] += d * weight;
        }
        for (; i < pixels.Length; i++)
        {
            sums[i] += pixels[i] * weight;
        }
    }

    private static void Widen(Vector<byte> bytes, out Vector<int> a, out Vector<int> b, out Vector<int> c, out Vector<int> d)
    {
        Vector.Widen(bytes, out Vector<ushort> low, out Vector<ushort> high);
        Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
        Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
        (a, b, c, d) = (Vector.AsVectorInt32(first), Vector.AsVectorInt32(second), Vector.AsVectorInt32(third), Vector.AsVectorInt32(fourth));
    }

    private static void Nearest(ReadOnlySpan<byte> source, PixelSize from, Span<byte> target, PixelSize to, PixelWindow window, int channels)
    {
        int[] columns = NearestPositions(from.Width, to.Width, window.Left, window.Size.Width);
        int[] rows = NearestPositions(from.Height, to.Height, window.Top, window.Size.Height);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y < rows.Length; y++)
            {
                ReadOnlySpan<byte> row = source.Slice((channel * from.Height + rows[y]) * from.Width, from.Width);
                Span<byte> into = target.Slice((channel * rows.Length + y) * columns.Length, columns.Length);
                for (int x = 0; x < into.Length; x++)
                {
                    into[x] = row[columns[x]];
                }
            }
        }
    }

    private static int[] NearestPositions(int input, int output, int first, int length)
    {
        int[] positions = new int[length];
        double step = (double)input / output;
        // Summed up as Pillow does, not multiplied out: at exact halves the two differ.
        double position = step * 0.5;
        for (int i = 0; i < first + length; i++, position += step)
        {
            if (i >= first)
            {
                positions[i - first] = Math.Min((int)position, input - 1);
            }
        }
        return positions;
    }

    private ResampleTable Table(int input, int output, int first, int length)
    {
        if (!_tables.TryGetValue((input, output, first, length), out ResampleTable? table))
        {
            if (_tables.Count == MostTables)
            {
                _tables.Clear();
            }
            table = new ResampleTable(input, output, _filter, first, length);
            _tables.Add((input, output, first, length), table);
        }
        return table;
    }
}
