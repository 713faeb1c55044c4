using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>
/// Decodes the JPEG files that nearly all are (ITU-R T.81: baseline, one scan, luma and colour differences whole, halved across or halved both ways), in a fraction of the time that Skia takes,
/// whose builds leave the vector code of libjpeg-turbo out; the pixels are the same. Whatever else a file has, or lacks, is left to Skia: it alone says which files are damaged.
/// </summary>
internal static class JpegDecoder
{
    private const byte EndOfImage = 0xD9;
    private const byte FirstRestart = 0xD0;

    /// <summary>The symbol of sixteen zeros.</summary>
    private const int LongRun = 0xF0;

    /// <summary>In the order of a scan, the places of coefficients in their block.</summary>
    private static ReadOnlySpan<byte> Places =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    /// <summary>Pixels below which making the tables takes longer than Skia takes.</summary>
    private const int FewestPixels = 1 << 14;

    /// <summary>Decodes a file.</summary>
    /// <param name="file">The whole file, which begins with a JPEG file's first marker.</param>
    /// <param name="size">The size that it is known to have.</param>
    /// <param name="planes">Receives 3 x size.Height x size.Width bytes: red, green, blue, not turned; undefined where the file is for Skia.</param>
    /// <returns>False where the file is for Skia.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> file, PixelSize size, Span<byte> planes)
    {
        // Very narrow ones are enlarged otherwise, and fill no vector.
        if (size.Width < Vector<byte>.Count || size.Height * size.Width < FewestPixels)
        {
            return false;
        }
        var header = new JpegHeader(size);
        try
        {
            if (!header.TryRead(file) || !TryReadScan(header, file[header.ScanStart..]))
            {
                return false;
            }
            var colours = new JpegColours(size);
            for (int row = 0; row < size.Height; row++)
            {
                colours.Convert(header.Components, row, planes);
            }
            return true;
        }
        finally
        {
            foreach (JpegComponent component in header.Components)
            {
                component.Dispose();
            }
        }
    }

    private static bool TryReadScan(JpegHeader header, ReadOnlySpan<byte> scan)
    {
        int unitsAcross = Units(header.Size.Width, header.Components[0].Across), unitsDown = Units(header.Size.Height, header.Components[0].Down);
        foreach (JpegComponent component in header.Components)
        {
            component.MakePlane(unitsAcross, unitsDown);
        }
        using var segment = new JpegSegment(scan);
        segment.Next();
        JpegBits bits = default;
        Span<int> block = stackalloc int[64];
        block.Clear();
        int restarts = 0;
        for (int unit = 0; unit < unitsAcross * unitsDown; unit++)
        {
            if (header.RestartInterval > 0 && unit > 0 && unit % header.RestartInterval == 0)
            {
                if (segment.Marker != FirstRestart + restarts++ % 8 || !segment.IsWhole(bits))
                {
                    return false;
                }
                segment.Next();
                bits = default;
                foreach (JpegComponent component in header.Components)
                {
                    component.Last = 0;
                }
            }
            (int down, int across) = Math.DivRem(unit, unitsAcross);
            foreach (JpegComponent component in header.Components)
            {
                int[] quantization = header.Quantization[component.Quantization]!;
                for (int i = 0; i < component.Down * component.Across; i++)
                {
                    int top = (down * component.Down + i / component.Across) * 8;
                    int left = (across * component.Across + i % component.Across) * 8;
                    if (!TryReadBlock(segment, ref bits, component, quantization, block, component.Plane[(top * component.Stride + left)..]))
                    {
                        return false;
                    }
                }
            }
        }
        return segment.Marker == EndOfImage && segment.IsWhole(bits);
    }

    /// <summary>Reads a block and computes its pixels; all but its first coefficient are zero before and after.</summary>
    private static bool TryReadBlock(
        scoped in JpegSegment segment, ref JpegBits kept, JpegComponent component, int[] quantization, scoped Span<int> block, Span<byte> target)
    {
        JpegBits bits = kept;
        bits.Fill(segment.Bytes);
        component.Last += component.Dc!.Take(ref bits, out int size);
        if (size > 15)
        {
            return false;
        }
        block[0] = component.Last * quantization[0];
        int last = ReadOthers(segment.Bytes, ref bits, component.Ac!, quantization, block);
        kept = bits;
        if (last < 0 || segment.IsExhausted(bits))
        {
            return false;
        }
        if (last == 0)
        {
            if (Math.Abs(block[0]) > JpegInverseDct.GreatestSum)
            {
                return false;
            }
            JpegInverseDct.Flat(block[0], target, component.Stride);
            return true;
        }
        bool isSound = JpegInverseDct.TryApply(block, target, component.Stride);
        block.Clear();
        return isSound;
    }

    /// <summary>
    /// Reads all of a block but its first coefficient. Nearly all the time goes here: apart from the rest, so that the processor's registers hold what it needs.
    /// </summary>
    /// <returns>The place of the last that is not zero, in the order of a scan, 0 for none; negative where these are no coefficients.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadOthers(ReadOnlySpan<byte> bytes, ref JpegBits kept, JpegHuffmanTable codes, int[] quantization, Span<int> block)
    {
        JpegBits bits = kept;
        int last = 0;
        int k = 1;
        do
        {
            bits.Fill(bytes);
        }
        while (TryReadOne(ref bits, codes, quantization, block, ref k, ref last) && TryReadOne(ref bits, codes, quantization, block, ref k, ref last));
        kept = bits;
        return last;
    }

    /// <summary>Reads one coefficient, or sixteen zeros.</summary>
    /// <param name="bits">Where from; filled.</param>
    /// <param name="codes">The code.</param>
    /// <param name="quantization">What it is multiplied by.</param>
    /// <param name="block">Receives it.</param>
    /// <param name="k">Where in the order of a scan the block goes on, before and after.</param>
    /// <param name="last">Receives the coefficient's place; -1 where that would lie beyond the block.</param>
    /// <returns>Whether the block goes on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadOne(scoped ref JpegBits bits, JpegHuffmanTable codes, int[] quantization, Span<int> block, scoped ref int k, scoped ref int last)
    {
        int value = codes.Take(ref bits, out int symbol);
        if ((symbol & 15) == 0)
        {
            // Codes of other runs without a value mean the block's end to libjpeg, too.
            k += symbol == LongRun ? 16 : 0;
            return symbol == LongRun && k < 64;
        }
        k += symbol >> 4;
        if (k > 63)
        {
            last = -1;
            return false;
        }
        last = k;
        block[Places[k]] = value * quantization[k];
        return ++k < 64;
    }

    private static int Units(int length, int blocks) => (length + blocks * 8 - 1) / (blocks * 8);
}
