using System.Buffers;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>
/// The bits of a JPEG scan from one marker to the next, one segment after the other: without the zeros that are stuffed behind 0xFF, and with zeros behind the end, which whoever takes bits may
/// take for a block's length before he asks whether they were there.
/// </summary>
/// <param name="scan">From the scan's first byte on.</param>
internal ref struct JpegSegment(ReadOnlySpan<byte> scan) : IDisposable
{
    // The longest block has 64 values of less than 32 bits each with their code (JpegHuffmanTable gives 27 at most); then the eight bytes that are read in one go.
    private const int Beyond = 64 * 4 + 8;

    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(scan.Length + Beyond);
    private ReadOnlySpan<byte> _scan = scan;
    private int _length;

    /// <summary>The segment's bytes.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The marker behind the segment; 0 where the file ends without one.</summary>
    public byte Marker { get; private set; }

    /// <summary>Goes on to the next segment, behind the marker.</summary>
    public void Next()
    {
        _length = 0;
        Marker = 0;
        while (!_scan.IsEmpty)
        {
            int length = _scan.IndexOf((byte)0xFF) is >= 0 and var at ? at : _scan.Length;
            Append(_scan[..length]);
            byte marker = length + 1 < _scan.Length ? _scan[length + 1] : (byte)0xFF;
            _scan = _scan[Math.Min(length + 2, _scan.Length)..];
            if (marker != 0)
            {
                Marker = marker == 0xFF ? (byte)0 : marker;
                break;
            }
            Append([0xFF]);
        }
        _bytes.AsSpan(_length, Beyond).Clear();
    }

    /// <summary>Whether so many bits are all that there are, but for those that fill the last byte.</summary>
    public readonly bool IsWhole(JpegBits bits) => bits.Taken <= 8L * _length && bits.Taken > 8L * (_length - 1);

    /// <summary>Whether more was taken than there is.</summary>
    public readonly bool IsExhausted(JpegBits bits) => bits.Taken > 8L * _length;

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}
