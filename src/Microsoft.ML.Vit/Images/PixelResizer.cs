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
    private readonly Dictionary<(int Input, int Output), ResampleTable> _tables = [];

    /// <summary>A resizer with one filter.</summary>
    public PixelResizer(Interpolation filter)
    {
        _filter = filter;
    }

    /// <summary>Resizes; an image of the same size is copied unchanged.</summary>
    /// <param name="source">channels x from.Height x from.Width bytes.</param>
    /// <param name="from">The source's size.</param>
    /// <param name="target">channels x to.Height x to.Width bytes.</param>
    /// <param name="to">The target's size.</param>
    /// <param name="channels">Planes.</param>
    public void Resize(ReadOnlySpan<byte> source, PixelSize from, Span<byte> target, PixelSize to, int channels)
    {
        if (from == to)
        {
            source.CopyTo(target);
        }
        else if (_filter == Interpolation.Nearest)
        {
            Nearest(source, from, target, to, channels);
        }
        else if (from.Width == to.Width)
        {
            ResizeColumns(source, target, from.Height, to.Height, to.Width, channels);
        }
        else if (from.Height == to.Height)
        {
            ResizeRows(source, target, from.Width, to.Width, channels * from.Height);
        }
        else
        {
            int length = checked(channels * from.Height * to.Width);
            byte[] narrowed = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                ResizeRows(source, narrowed, from.Width, to.Width, channels * from.Height);
                ResizeColumns(narrowed.AsSpan(0, length), target, from.Height, to.Height, to.Width, channels);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(narrowed);
            }
        }
    }

    /// <summary>Each row by itself: <paramref name="rows"/> rows of <paramref name="input"/> to <paramref name="output"/> bytes.</summary>
    private void ResizeRows(ReadOnlySpan<byte> source, Span<byte> target, int input, int output, int rows)
    {
        ResampleTable table = Table(input, output);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<byte> from = source.Slice(row * input, input);
            Span<byte> to = target.Slice(row * output, output);
            for (int x = 0; x < to.Length; x++)
            {
                ReadOnlySpan<int> weights = table.Weights(x);
                to[x] = Round(Half + Dot(from.Slice(table.Start(x), weights.Length), weights));
            }
        }
    }

    /// <summary>Each output row is a weighted sum of input rows, whole rows at a time.</summary>
    private void ResizeColumns(ReadOnlySpan<byte> source, Span<byte> target, int input, int output, int width, int channels)
    {
        ResampleTable table = Table(input, output);
        int[] rented = ArrayPool<int>.Shared.Rent(width);
        Span<int> sums = rented.AsSpan(0, width);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y < output; y++)
            {
                sums.Fill(Half);
                ReadOnlySpan<int> weights = table.Weights(y);
                int first = channel * input + table.Start(y);
                for (int i = 0; i < weights.Length; i++)
                {
                    AddScaled(source.Slice((first + i) * width, width), weights[i], sums);
                }
                Span<byte> to = target.Slice((channel * output + y) * width, width);
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

    private static void Nearest(ReadOnlySpan<byte> source, PixelSize from, Span<byte> target, PixelSize to, int channels)
    {
        int[] columns = NearestPositions(from.Width, to.Width);
        int[] rows = NearestPositions(from.Height, to.Height);
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y < to.Height; y++)
            {
                ReadOnlySpan<byte> row = source.Slice((channel * from.Height + rows[y]) * from.Width, from.Width);
                Span<byte> into = target.Slice((channel * to.Height + y) * to.Width, to.Width);
                for (int x = 0; x < into.Length; x++)
                {
                    into[x] = row[columns[x]];
                }
            }
        }
    }

    private static int[] NearestPositions(int input, int output)
    {
        int[] positions = new int[output];
        double step = (double)input / output;
        // Summed up as Pillow does, not multiplied out: at exact halves the two differ.
        double position = step * 0.5;
        for (int i = 0; i < output; i++, position += step)
        {
            positions[i] = Math.Min((int)position, input - 1);
        }
        return positions;
    }

    private ResampleTable Table(int input, int output)
    {
        if (!_tables.TryGetValue((input, output), out ResampleTable? table))
        {
            if (_tables.Count == MostTables)
            {
                _tables.Clear();
            }
            table = new ResampleTable(input, output, _filter);
            _tables.Add((input, output), table);
        }
        return table;
    }
}
