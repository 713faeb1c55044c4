using System.Buffers;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Resizes 8-bit images as Pillow's <c>Image.resize</c> does, to the byte: two passes, rows first, each rounded to bytes, with the weights of
/// <see cref="ResampleTable"/>. Keeps the tables of recent sizes; one instance serves one thread.
/// </summary>
internal sealed class PixelResizer
{
    // Folders of photographs have few sizes; where every image has its own, the tables are not worth keeping.
    private const int MostTables = 64;

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
        ResampleTable? rows = from.Height == to.Height ? null : Table(from.Height, to.Height, window.Top, window.Size.Height);
        // Only the rows that the second pass reads go through the first.
        int first = rows?.Start(0) ?? window.Top;
        int count = rows is null ? window.Size.Height : rows.End - first;
        int area = window.Size.Height * window.Size.Width;
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<byte> plane = source.Slice((channel * from.Height + first) * from.Width, count * from.Width);
            Span<byte> into = target.Slice(channel * area, area);
            if (columns is not null)
            {
                ResizeBoth(plane, from.Width, count, columns, rows, first, into, window.Size.Width);
            }
            else if (rows is not null)
            {
                RowSums.Compute(plane[window.Left..], from.Width, rows, first, into, window.Size.Width);
            }
            else
            {
                for (int row = 0; row < count; row++)
                {
                    plane.Slice(row * from.Width + window.Left, window.Size.Width).CopyTo(into[(row * window.Size.Width)..]);
                }
            }
        }
    }

    /// <summary>
    /// The width of one plane, then, where there is a table for them, its rows. What is wanted along a row is had by whole rows of the transposed plane:
    /// vectors have no other quick way to it, and transposing costs little.
    /// </summary>
    private static void ResizeBoth(ReadOnlySpan<byte> plane, int stride, int count, ResampleTable columns, ResampleTable? rows, int first, Span<byte> target, int width)
    {
        int left = columns.Start(0);
        int read = columns.End - left;
        byte[] upright = ArrayPool<byte>.Shared.Rent(checked(Math.Max(read, width) * count));
        byte[] narrowed = ArrayPool<byte>.Shared.Rent(checked(width * count));
        try
        {
            ByteTransposition.Transpose(plane[left..], stride, count, read, upright);
            RowSums.Compute(upright.AsSpan(0, read * count), count, columns, left, narrowed, count);
            if (rows is null)
            {
                ByteTransposition.Transpose(narrowed, count, width, count, target);
                return;
            }
            ByteTransposition.Transpose(narrowed, count, width, count, upright.AsSpan(0, width * count));
            RowSums.Compute(upright.AsSpan(0, width * count), width, rows, first, target, width);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(upright);
            ArrayPool<byte>.Shared.Return(narrowed);
        }
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
