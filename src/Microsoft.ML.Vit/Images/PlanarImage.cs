using System.Buffers;

namespace Microsoft.ML.Vit.Images;

/// <summary>An 8-bit image as planes of rows, channels first, in a pooled buffer that disposing gives back.</summary>
internal sealed class PlanarImage : IDisposable
{
    private byte[]? _pixels;

    /// <summary>An image of unset pixels.</summary>
    public PlanarImage(PixelSize size, int channels)
    {
        Size = size;
        Channels = channels;
        _pixels = ArrayPool<byte>.Shared.Rent(checked(channels * size.Height * size.Width));
    }

    /// <summary>Height and width.</summary>
    public PixelSize Size { get; }

    /// <summary>Planes: 1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Channels x height x width bytes.</summary>
    public Span<byte> Pixels => (_pixels ?? throw new ObjectDisposedException(nameof(PlanarImage))).AsSpan(0, Channels * Size.Height * Size.Width);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pixels, null) is { } pixels)
        {
            ArrayPool<byte>.Shared.Return(pixels);
        }
    }
}
