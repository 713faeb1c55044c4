using System.Buffers;
using Microsoft.ML.Vit.Jpeg;
using SkiaSharp;

namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Encoded bytes (JPEG, PNG, GIF's first frame, BMP, WebP) to pixels as a person sees them: turned upright by EXIF, over white where transparent,
/// palettes, 16 bits and CMYK reduced to eight bits of red, green and blue. Colour profiles are not applied, as Pillow does not.
/// </summary>
internal static class ImageDecoder
{
    /// <summary>The most pixels an image may have: Pillow's limit against decompression bombs.</summary>
    public const long MostPixels = 178_956_970;

    /// <summary>The longest side an image may have, JPEG's limit: a line of a hundred million pixels would be resized through a far larger image.</summary>
    public const int LongestSide = 65_535;

    /// <summary>Decodes an image.</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="channels">1 (luma of ITU-R 601) or 3.</param>
    /// <returns>The image; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">The bytes are no image, a broken or truncated one, or one of too many pixels; the message says which.</exception>
    public static unsafe PlanarImage Decode(ReadOnlySpan<byte> encoded, int channels)
    {
        string format = ImageFormat.Name(encoded)
            ?? throw new InvalidDataException(encoded.IsEmpty ? "The image is empty: 0 bytes." : $"Not a JPEG, PNG, GIF, BMP or WebP image: it begins with {Beginning(encoded)}.");
        fixed (byte* start = encoded)
        {
            using SKData data = SKData.Create((IntPtr)start, encoded.Length);
            using SKCodec codec = SKCodec.Create(data)
                ?? throw new InvalidDataException($"The {format} image is truncated or its header is broken ({encoded.Length} bytes).");
            var size = new PixelSize(codec.Info.Height, codec.Info.Width);
            if (size.Height <= 0 || size.Width <= 0 || Math.Max(size.Height, size.Width) > LongestSide || (long)size.Height * size.Width > MostPixels)
            {
                throw new InvalidDataException($"The {format} image says it has {size} (height x width) pixels; expected sides of 1 to {LongestSide} and at most {MostPixels} pixels.");
            }
            SKEncodedOrigin origin = format == "PNG" ? PngOrientation.Of(encoded) : codec.EncodedOrigin;
            PlanarImage stored = (format == "JPEG" && channels == 3 ? ByJpegDecoder(encoded, size) : null) ?? BySkia(codec, size, format, channels);
            return PlaneTurning.Upright(stored, origin);
        }
    }

    private static PlanarImage? ByJpegDecoder(ReadOnlySpan<byte> encoded, PixelSize size)
    {
        var image = new PlanarImage(size, 3);
        if (JpegDecoder.TryDecode(encoded, size, image.Pixels))
        {
            return image;
        }
        image.Dispose();
        return null;
    }

    private static unsafe PlanarImage BySkia(SKCodec codec, PixelSize size, string format, int channels)
    {
        bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque;
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        byte[] packed = ArrayPool<byte>.Shared.Rent(info.BytesSize);
        try
        {
            Span<byte> pixels = packed.AsSpan(0, info.BytesSize);
            if (format is not ("JPEG" or "PNG"))
            {
                // A frame need not cover its canvas, and a pooled array holds another image.
                pixels.Clear();
            }
            fixed (byte* target = pixels)
            {
                SKCodecResult result = codec.GetPixels(info, (IntPtr)target);
                if (result != SKCodecResult.Success)
                {
                    throw new InvalidDataException(result == SKCodecResult.IncompleteInput
                        ? $"The {format} image is truncated."
                        : $"The {format} image is truncated or broken ({result}).");
                }
            }
            return PixelUnpacking.Unpack(pixels, size, blueFirst: false, opaque ? AlphaKind.Opaque : AlphaKind.Straight, channels);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    private static string Beginning(ReadOnlySpan<byte> encoded) =>
        BitConverter.ToString(encoded[..Math.Min(8, encoded.Length)].ToArray()).Replace('-', ' ');
}
