namespace Microsoft.ML.Vit.Jpeg;

/// <summary>What a JPEG file says before its scan begins, of the files that <see cref="JpegDecoder"/> decodes.</summary>
/// <param name="size">The size that the file is known to have.</param>
internal sealed class JpegHeader(PixelSize size)
{
    private readonly JpegHuffmanTable?[] _dc = new JpegHuffmanTable[4];
    private readonly JpegHuffmanTable?[] _ac = new JpegHuffmanTable[4];
    private bool _isJfif;
    private int _adobeTransform = -1;

    /// <summary>The size.</summary>
    public PixelSize Size => size;

    /// <summary>Luma, the blue and the red difference.</summary>
    public JpegComponent[] Components { get; private set; } = [];

    /// <summary>By number, what coefficients are multiplied by, in the order of a scan.</summary>
    public int[]?[] Quantization { get; } = new int[4][];

    /// <summary>Units of the scan between restart markers; 0 where there are none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>Where the scan's first byte is.</summary>
    public int ScanStart { get; private set; } = 2;

    /// <summary>Reads all up to the scan's first byte.</summary>
    /// <param name="file">The whole file.</param>
    /// <returns>Whether it is such a file as far as that.</returns>
    public bool TryRead(ReadOnlySpan<byte> file)
    {
        while (ScanStart + 4 <= file.Length && file[ScanStart] == 0xFF)
        {
            byte marker = file[ScanStart + 1];
            int length = (file[ScanStart + 2] << 8) | file[ScanStart + 3];
            if (marker is < 0xC0 or 0xFF or (>= 0xD0 and <= 0xD8) || length < 2 || ScanStart + 2 + length > file.Length)
            {
                return false;
            }
            ReadOnlySpan<byte> content = file.Slice(ScanStart + 4, length - 2);
            ScanStart += 2 + length;
            bool isUsual = marker switch
            {
                0xC0 or 0xC1 => TryReadFrame(content),
                0xC4 => TryReadCodes(content),
                0xDA => TryReadScanHeader(content),
                0xDB => TryReadQuantization(content),
                0xDD => TryReadRestartInterval(content),
                0xE0 => Mark(content),
                0xEE => MarkAdobe(content),
                _ => marker is (> 0xE0 and <= 0xEF) or 0xFE,
            };
            if (marker == 0xDA || !isUsual)
            {
                return isUsual;
            }
        }
        return false;
    }

    private bool TryReadFrame(ReadOnlySpan<byte> content)
    {
        if (Components.Length > 0 || content.Length != 15 || content[0] != 8 || content[5] != 3
            || ((content[1] << 8) | content[2]) != size.Height || ((content[3] << 8) | content[4]) != size.Width)
        {
            return false;
        }
        var components = new JpegComponent[3];
        for (int i = 0; i < 3; i++)
        {
            ReadOnlySpan<byte> its = content.Slice(6 + 3 * i, 3);
            components[i] = new JpegComponent(its[0], its[1] >> 4, its[1] & 15, its[2]);
        }
        Components = components;
        (int across, int down) = (components[0].Across, components[0].Down);
        return (across, down) is (1, 1) or (2, 1) or (2, 2) && components.All(c => c.Quantization < 4) && components.Skip(1).All(c => (c.Across, c.Down) == (1, 1));
    }

    private bool TryReadCodes(ReadOnlySpan<byte> content)
    {
        while (content.Length >= 17)
        {
            int count = 0;
            foreach (byte codes in content.Slice(1, 16))
            {
                count += codes;
            }
            if ((content[0] & 0xEC) != 0 || count > 256 || content.Length < 17 + count
                || JpegHuffmanTable.Of(content.Slice(1, 16), content.Slice(17, count)) is not { } table)
            {
                return false;
            }
            ((content[0] & 0x10) == 0 ? _dc : _ac)[content[0] & 3] = table;
            content = content[(17 + count)..];
        }
        return content.IsEmpty;
    }

    private bool TryReadQuantization(ReadOnlySpan<byte> content)
    {
        for (; content.Length >= 65; content = content[65..])
        {
            if (content[0] > 3)
            {
                return false;
            }
            var table = new int[64];
            for (int i = 0; i < 64; i++)
            {
                table[i] = content[1 + i];
            }
            Quantization[content[0]] = table;
        }
        return content.IsEmpty;
    }

    private bool TryReadRestartInterval(ReadOnlySpan<byte> content)
    {
        RestartInterval = content.Length == 2 ? (content[0] << 8) | content[1] : 0;
        return content.Length == 2;
    }

    private bool Mark(ReadOnlySpan<byte> content)
    {
        _isJfif |= content.Length >= 12 && content.StartsWith("JFIF\0"u8);
        return true;
    }

    private bool MarkAdobe(ReadOnlySpan<byte> content)
    {
        if (content.Length >= 12 && content.StartsWith("Adobe"u8))
        {
            _adobeTransform = content[11];
        }
        return true;
    }

    private bool TryReadScanHeader(ReadOnlySpan<byte> content)
    {
        // What says that these are luma and differences, not red, green and blue.
        bool areDifferences = _isJfif || _adobeTransform == 1 || (_adobeTransform < 0 && Components is [{ Id: 1 }, { Id: 2 }, { Id: 3 }]);
        if (Components.Length != 3 || content.Length != 10 || content[0] != 3 || content[7] != 0 || content[8] != 63 || content[9] != 0 || !areDifferences)
        {
            return false;
        }
        for (int i = 0; i < 3; i++)
        {
            (byte id, int tables) = (content[1 + 2 * i], content[2 + 2 * i]);
            JpegComponent component = Components[i];
            if (id != component.Id || (tables & 0xCC) != 0)
            {
                return false;
            }
            component.Dc = _dc[tables >> 4];
            component.Ac = _ac[tables & 3];
            if (component.Dc is null || component.Ac is null || Quantization[component.Quantization] is null)
            {
                return false;
            }
        }
        return true;
    }
}
