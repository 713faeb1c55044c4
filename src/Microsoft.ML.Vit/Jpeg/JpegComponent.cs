using System.Buffers;
using System.Numerics;

namespace Microsoft.ML.Vit.Jpeg;

/// <summary>A colour of a JPEG file while it is decoded.</summary>
/// <param name="id">What the file calls it.</param>
/// <param name="across">Blocks of a unit of the scan from left to right.</param>
/// <param name="down">Blocks of a unit of the scan from top to bottom.</param>
/// <param name="quantization">The number of its quantisation table.</param>
internal sealed class JpegComponent(byte id, int across, int down, int quantization) : IDisposable
{
    private byte[]? _plane;

    public byte Id => id;

    public int Across => across;

    public int Down => down;

    public int Quantization => quantization;

    /// <summary>The last block's first coefficient.</summary>
    public int Last { get; set; }

    public JpegHuffmanTable? Dc { get; set; }

    public JpegHuffmanTable? Ac { get; set; }

    /// <summary>Bytes of a row of its plane.</summary>
    public int Stride { get; private set; }

    /// <summary>Its pixels, as many as whole units have.</summary>
    public Span<byte> Plane => _plane;

    /// <summary>Makes room for so many units.</summary>
    public void MakePlane(int unitsAcross, int unitsDown)
    {
        Stride = unitsAcross * across * 8;
        // And room for what a vector reads beyond the last row.
        _plane = ArrayPool<byte>.Shared.Rent(checked(Stride * unitsDown * down * 8 + Vector<byte>.Count));
    }

    /// <summary>The first so many pixels of a row.</summary>
    public ReadOnlySpan<byte> Row(int row, int width) => From(row)[..width];

    /// <summary>From a row on, with a vector's bytes behind each pixel of it.</summary>
    public ReadOnlySpan<byte> From(int row) => _plane.AsSpan(row * Stride);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _plane, null) is { } plane)
        {
            ArrayPool<byte>.Shared.Return(plane);
        }
    }
}
