using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Images;

/// <summary>Turns rows of four-byte pixels, as Skia and ML.NET hold them, into planes over a white ground.</summary>
internal static class PixelUnpacking
{
    /// <summary>Unpacks an image.</summary>
    /// <param name="packed">size.Height x size.Width x 4 bytes: red, green, blue (or blue, green, red), alpha.</param>
    /// <param name="size">The image's size.</param>
    /// <param name="blueFirst">Blue, green, red instead of red, green, blue.</param>
    /// <param name="alpha">What the fourth byte means.</param>
    /// <param name="channels">1: luma of ITU-R 601 (as Pillow's "L"); 3: red, green, blue.</param>
    /// <returns>The image; the caller disposes it.</returns>
    public static PlanarImage Unpack(ReadOnlySpan<byte> packed, PixelSize size, bool blueFirst, AlphaKind alpha, int channels)
    {
        var image = new PlanarImage(size, channels);
        if (alpha == AlphaKind.Opaque && channels == 3)
        {
            Divide(packed, image.Pixels, blueFirst);
            return image;
        }
        int area = size.Height * size.Width;
        Span<byte> reds = image.Pixels[..area];
        Span<byte> greens = channels == 1 ? reds : image.Pixels.Slice(area, area);
        Span<byte> blues = channels == 1 ? reds : image.Pixels[(2 * area)..];
        (int redAt, int blueAt) = blueFirst ? (2, 0) : (0, 2);
        for (int i = 0; i < area; i++)
        {
            ReadOnlySpan<byte> pixel = packed.Slice(4 * i, 4);
            (int red, int green, int blue) = (pixel[redAt], pixel[1], pixel[blueAt]);
            if (alpha != AlphaKind.Opaque && pixel[3] != 255)
            {
                (red, green, blue) = (OverWhite(red, pixel[3], alpha), OverWhite(green, pixel[3], alpha), OverWhite(blue, pixel[3], alpha));
            }
            if (channels == 1)
            {
                reds[i] = (byte)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
            }
            else
            {
                reds[i] = (byte)red;
                greens[i] = (byte)green;
                blues[i] = (byte)blue;
            }
        }
        return image;
    }

    /// <summary>Four-byte pixels to three planes, as most photographs need it: nothing to blend.</summary>
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
