using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Images;
using SkiaSharp;

namespace Microsoft.ML.Vit.Reporting;

/// <summary>A small picture of what the network reads.</summary>
/// <param name="Png">The picture as a PNG file.</param>
/// <param name="Size">Its size.</param>
internal sealed record Thumbnail(byte[] Png, PixelSize Size)
{
    private const int LongestSide = 128;

    /// <summary>Whether planes of so many channels can be shown.</summary>
    public static bool Shows(int channels) => channels is 1 or 3;

    /// <summary>A picture of bytes: 1 (grey) or 3 planes of height x width, shrunk where it is larger.</summary>
    public static Thumbnail Of(ReadOnlySpan<byte> planes, PixelSize size, int channels)
    {
        double share = Math.Min(1, (double)LongestSide / Math.Max(size.Height, size.Width));
        var small = new PixelSize(Math.Max(1, (int)Math.Round(size.Height * share)), Math.Max(1, (int)Math.Round(size.Width * share)));
        byte[] shrunk = new byte[channels * small.Height * small.Width];
        new PixelResizer(Interpolation.Bicubic).Resize(planes, size, shrunk, small, channels);

        int pixels = small.Height * small.Width;
        byte[] packed = new byte[4 * pixels];
        for (int i = 0; i < pixels; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                packed[(4 * i) + channel] = shrunk[(channels == 1 ? 0 : channel * pixels) + i];
            }
            packed[(4 * i) + 3] = byte.MaxValue;
        }
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(small.Width, small.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), packed);
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return new Thumbnail(png.ToArray(), small);
    }

    /// <summary>A picture of floats: taken as 0 to 255 where they are within, as ExtractPixels gives them, else stretched from their least to their greatest.</summary>
    public static Thumbnail OfFloats(ReadOnlySpan<byte> planes, PixelSize size, int channels)
    {
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(planes);
        float least = float.MaxValue;
        float most = float.MinValue;
        foreach (float value in values)
        {
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }
        bool bytes = least >= 0 && most is > 1 and <= 255;
        (float from, float scale) = bytes ? (0f, 1f) : (least, most > least ? 255 / (most - least) : 0);
        byte[] scaled = new byte[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            scaled[i] = (byte)Math.Clamp((values[i] - from) * scale, 0, 255);
        }
        return Of(scaled, size, channels);
    }
}
