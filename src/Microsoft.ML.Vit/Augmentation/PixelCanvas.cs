using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// One image under change, as bytes in two pooled buffers: an operation changes its pixels in place, or writes the spare ones and swaps the two.
/// Bytes are taken as they are. Floats are mapped to 256 levels of the image's own range and back, so that a scale need not be known:
/// "black" is the image's least value, "white" its greatest.
/// </summary>
internal ref struct PixelCanvas
{
    private byte[] _pixels;
    private byte[] _spare;
    private readonly float _low;
    private readonly float _high;

    private PixelCanvas(int channels, PixelSize size, float low, float high)
    {
        Channels = channels;
        Size = size;
        _low = low;
        _high = high;
        _pixels = ArrayPool<byte>.Shared.Rent(Length);
        _spare = ArrayPool<byte>.Shared.Rent(Length);
    }

    /// <summary>Planes of the image.</summary>
    public int Channels { get; }

    /// <summary>Height and width of a plane.</summary>
    public PixelSize Size { get; }

    /// <summary>False for the default value, which has no buffers.</summary>
    public readonly bool IsOpen => _pixels is not null;

    /// <summary>Values of a plane.</summary>
    public readonly int Area => Size.Height * Size.Width;

    /// <summary>The image: channels x height x width.</summary>
    public readonly Span<byte> Pixels => _pixels.AsSpan(0, Length);

    /// <summary>As many values, of any content.</summary>
    public readonly Span<byte> Spare => _spare.AsSpan(0, Length);

    private readonly int Length => Channels * Area;

    /// <summary>A canvas that holds an image.</summary>
    /// <typeparam name="T">Byte or float.</typeparam>
    public static PixelCanvas Open<T>(ReadOnlySpan<T> source, int channels, PixelSize size)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(byte))
        {
            var bytes = new PixelCanvas(channels, size, 0, 255);
            MemoryMarshal.Cast<T, byte>(source).CopyTo(bytes.Pixels);
            return bytes;
        }
        ReadOnlySpan<float> values = MemoryMarshal.Cast<T, float>(source);
        float low = values[0];
        float high = values[0];
        foreach (float value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }
        var canvas = new PixelCanvas(channels, size, low, high);
        // In doubles no range of floats overflows.
        double scale = high > low ? 255 / ((double)high - low) : 0;
        Span<byte> pixels = canvas.Pixels;
        for (int i = 0; i < values.Length; i++)
        {
            pixels[i] = (byte)(((double)values[i] - low) * scale + 0.5);
        }
        return canvas;
    }

    /// <summary>What was spare is the image now.</summary>
    public void Swap() => (_pixels, _spare) = (_spare, _pixels);

    /// <summary>Hands the image over and the buffers back.</summary>
    /// <typeparam name="T">As it was opened.</typeparam>
    public void CloseTo<T>(Span<T> target)
        where T : unmanaged, INumber<T>
    {
        if (typeof(T) == typeof(byte))
        {
            Pixels.CopyTo(MemoryMarshal.Cast<T, byte>(target));
        }
        else
        {
            Span<float> values = MemoryMarshal.Cast<T, float>(target);
            double step = ((double)_high - _low) / 255;
            ReadOnlySpan<byte> pixels = Pixels;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)Math.Min(_low + pixels[i] * step, _high);
            }
        }
        ArrayPool<byte>.Shared.Return(_pixels);
        ArrayPool<byte>.Shared.Return(_spare);
        this = default;
    }
}
