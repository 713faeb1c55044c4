using System.Numerics;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.Vit.Images;

/// <summary>Turns rows of four-byte pixels, as Skia and ML.NET hold them, into upright planes over a white ground.</summary>
internal static class PixelUnpacking
{
    /// <summary>Unpacks an image.</summary>
    /// <param name="packed">size.Height x size.Width x 4 bytes: red, green, blue (or blue, green, red), alpha.</param>
    /// <param name="size">The size as stored, before turning.</param>
    /// <param name="blueFirst">Blue, green, red instead of red, green, blue.</param>
    /// <param name="alpha">What the fourth byte means.</param>
    /// <param name="origin">Which corner of what a person sees the first pixel is (the EXIF orientation).</param>
    /// <param name="channels">1: luma of ITU-R 601 (as Pillow's "L"); 3: red, green, blue.</param>
    /// <returns>The image as a person sees it; the caller disposes it.</returns>
    public static PlanarImage Unpack(ReadOnlySpan<byte> packed, PixelSize size, bool blueFirst, AlphaKind alpha, SKEncodedOrigin origin, int channels)
    {
        bool turned = origin is >= SKEncodedOrigin.LeftTop and <= SKEncodedOrigin.LeftBottom;
        var image = new PlanarImage(turned ? new PixelSize(size.Width, size.Height) : size, channels);
        if (alpha == AlphaKind.Opaque && origin == SKEncodedOrigin.TopLeft && channels == 3)
        {
            Divide(packed, image.Pixels, blueFirst);
            return image;
        }
        // Where the stored pixel (x, y) goes is first + x * right + y * down.
        (int width, int height, int outWidth) = (size.Width, size.Height, image.Size.Width);
        (int first, int right, int down) = origin switch
        {
            SKEncodedOrigin.TopRight => (width - 1, -1, outWidth),
            SKEncodedOrigin.BottomRight => (height * outWidth - 1, -1, -outWidth),
            SKEncodedOrigin.BottomLeft => ((height - 1) * outWidth, 1, -outWidth),
            SKEncodedOrigin.LeftTop => (0, outWidth, 1),
            SKEncodedOrigin.RightTop => (height - 1, outWidth, -1),
            SKEncodedOrigin.RightBottom => (width * outWidth - 1, -outWidth, -1),
            SKEncodedOrigin.LeftBottom => ((width - 1) * outWidth, -outWidth, 1),
            _ => (0, 1, outWidth),
        };
        Span<byte> reds = image.Pixels[..(width * height)];
        Span<byte> greens = channels == 1 ? reds : image.Pixels.Slice(width * height, width * height);
        Span<byte> blues = channels == 1 ? reds : image.Pixels[(2 * width * height)..];
        (int redAt, int blueAt) = blueFirst ? (2, 0) : (0, 2);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = packed.Slice(y * width * 4, width * 4);
            int at = first + y * down;
            for (int x = 0; x < row.Length; x += 4, at += right)
            {
                (int red, int green, int blue) = (row[x + redAt], row[x + 1], row[x + blueAt]);
                if (alpha != AlphaKind.Opaque && row[x + 3] != 255)
                {
                    (red, green, blue) = (OverWhite(red, row[x + 3], alpha), OverWhite(green, row[x + 3], alpha), OverWhite(blue, row[x + 3], alpha));
                }
                if (channels == 1)
                {
                    reds[at] = (byte)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
                }
                else
                {
                    reds[at] = (byte)red;
                    greens[at] = (byte)green;
                    blues[at] = (byte)blue;
                }
            }
        }
        return image;
    }

    /// <summary>Four-byte pixels to three planes, as most photographs need it: nothing to blend, nothing to turn.</summary>
    private static void Divide(ReadOnlySpan<byte> packed, Span<byte> planes, bool blueFirst)
    {
        ReadOnlySpan<Vector<uint>> pixels = MemoryMarshal.Cast<byte, Vector<uint>>(packed);
        int area = packed.Length / 4;
        for (int channel = 0; channel < 3; channel++)
        {
            Span<byte> plane = planes.Slice(channel * area, area);
            int at = blueFirst ? 2 - channel : channel;
            Span<Vector<byte>> vectors = MemoryMarshal.Cast<byte, Vector<byte>>(plane);
            for (int i = 0; i < vectors.Length; i++)
            {
                ReadOnlySpan<Vector<uint>> four = pixels.Slice(4 * i, 4);
                vectors[i] = Vector.Narrow(Vector.Narrow(Byte(four[0], at), Byte(four[1], at)), Vector.Narrow(Byte(four[2], at), Byte(four[3], at)));
            }
            for (int i = vectors.Length * Vector<byte>.Count; i < area; i++)
            {
                plane[i] = packed[4 * i + at];
            }
        }
    }

    private static Vector<uint> Byte(Vector<uint> pixels, int index) => Vector.ShiftRightLogical(pixels, 8 * index) & new Vector<uint>(0xFF);

    /// <summary>
    /// What the fourth byte of an MLImage means. ML.NET declares its images premultiplied and Skia decodes them so, but <c>MLImage.CreateFromPixels</c>
    /// takes any bytes: a colour above its alpha cannot have been multiplied by it, and colours without any alpha at all never had one.
    /// </summary>
    public static AlphaKind AlphaOf(ReadOnlySpan<byte> packed)
    {
        if (IsOpaque(packed))
        {
            return AlphaKind.Opaque;
        }
        bool straight = false;
        int highest = 0;
        for (int i = 0; i < packed.Length; i += 4)
        {
            int alpha = packed[i + 3];
            straight |= packed[i] > alpha || packed[i + 1] > alpha || packed[i + 2] > alpha;
            highest = Math.Max(highest, alpha);
        }
        return straight && highest == 0 ? AlphaKind.Opaque
            : straight ? AlphaKind.Straight
            : AlphaKind.Premultiplied;
    }

    private static bool IsOpaque(ReadOnlySpan<byte> packed)
    {
        ReadOnlySpan<Vector<uint>> vectors = MemoryMarshal.Cast<byte, Vector<uint>>(packed);
        var all = new Vector<uint>(uint.MaxValue);
        foreach (Vector<uint> pixels in vectors)
        {
            all &= pixels;
        }
        byte alpha = 255;
        for (int i = vectors.Length * Vector<byte>.Count; i < packed.Length; i += 4)
        {
            alpha &= packed[i + 3];
        }
        return alpha == 255 && Vector.GreaterThanOrEqualAll(all, new Vector<uint>(0xFF000000));
    }

    private static int OverWhite(int colour, int alpha, AlphaKind kind) => kind == AlphaKind.Premultiplied
        ? Math.Min(255, colour + 255 - alpha)
        : (colour * alpha + 255 * (255 - alpha) + 127) / 255;
}
