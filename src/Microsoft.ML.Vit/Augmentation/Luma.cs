using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>How bright a pixel is: of red, green and blue ITU-R 601-2's weighted sum in Pillow's fixed point; of any other number of channels their mean.</summary>
internal static class Luma
{
    private const int Red = 19595, Green = 38470, Blue = 7471, Half = 0x8000, Bits = 16;

    /// <summary>Of a vector of pixels, rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Of(Vector<int> red, Vector<int> green, Vector<int> blue) =>
        Vector.ShiftRightArithmetic(red * Red + green * Green + blue * Blue + new Vector<int>(Half), Bits);

    /// <summary>The mean over an image, rounded.</summary>
    public static byte Mean(in PixelCanvas canvas)
    {
        long sum = 0;
        int count = canvas.Area;
        ReadOnlySpan<byte> pixels = canvas.Pixels;
        if (canvas.Channels == 3)
        {
            sum = Sum(pixels[..count], pixels.Slice(count, count), pixels.Slice(2 * count, count));
        }
        else
        {
            foreach (byte pixel in pixels)
            {
                sum += pixel;
            }
            count = pixels.Length;
        }
        return (byte)((double)sum / count + 0.5);
    }

    /// <summary>Over the pixels of three planes.</summary>
    private static long Sum(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue)
    {
        long sum = 0;
        int x = 0;
        for (; x <= red.Length - Vector<byte>.Count; x += Vector<byte>.Count)
        {
            ByteQuarters reds = ByteQuarters.Of(red[x..]), greens = ByteQuarters.Of(green[x..]), blues = ByteQuarters.Of(blue[x..]);
            sum += Vector.Sum(Of(reds.First, greens.First, blues.First) + Of(reds.Second, greens.Second, blues.Second)
                + Of(reds.Third, greens.Third, blues.Third) + Of(reds.Fourth, greens.Fourth, blues.Fourth));
        }
        for (; x < red.Length; x++)
        {
            sum += (Red * red[x] + Green * green[x] + Blue * blue[x] + Half) >> Bits;
        }
        return sum;
    }
}
