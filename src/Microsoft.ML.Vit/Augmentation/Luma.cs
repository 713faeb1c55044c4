namespace Microsoft.ML.Vit.Augmentation;

/// <summary>How bright a pixel is: of red, green and blue ITU-R 601-2's weighted sum in Pillow's fixed point; of any other number of channels their mean.</summary>
internal static class Luma
{
    /// <summary>Of one pixel, rounded.</summary>
    public static int Of(int red, int green, int blue) => (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;

    /// <summary>The mean over an image, rounded.</summary>
    public static byte Mean(in PixelCanvas canvas)
    {
        long sum = 0;
        int count = canvas.Area;
        ReadOnlySpan<byte> pixels = canvas.Pixels;
        if (canvas.Channels == 3)
        {
            ReadOnlySpan<byte> red = pixels[..count];
            ReadOnlySpan<byte> green = pixels.Slice(count, count);
            ReadOnlySpan<byte> blue = pixels.Slice(2 * count, count);
            for (int i = 0; i < red.Length; i++)
            {
                sum += Of(red[i], green[i], blue[i]);
            }
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
}
