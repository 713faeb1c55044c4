namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Pillow's Image.transform with an affine map: each pixel of the result is read where the map says, those from outside the image take the fill colour. Bilinear and bicubic
/// (cubic convolution, a = -1) repeat the border, compute in double precision and cut off.
/// </summary>
internal static class AffineWarp
{
    /// <summary>Writes the spare pixels and swaps.</summary>
    /// <param name="canvas">The image.</param>
    /// <param name="map">Where each pixel comes from.</param>
    /// <param name="interpolation">Nearest, bilinear or bicubic.</param>
    /// <param name="fill">One value for each channel, or one for all.</param>
    public static void Apply(ref PixelCanvas canvas, AffineMap map, Interpolation interpolation, ReadOnlySpan<byte> fill)
    {
        for (int c = 0; c < canvas.Channels; c++)
        {
            canvas.Spare.Slice(c * canvas.Area, canvas.Area).Fill(fill[fill.Length == 1 ? 0 : c]);
        }
        if (interpolation == Interpolation.Nearest)
        {
            Nearest(canvas, map);
        }
        else
        {
            using var between = new BetweenPixels(canvas, interpolation == Interpolation.Bicubic);
            between.Warp(canvas.Spare, map);
        }
        canvas.Swap();
    }

    /// <summary>In steps of 2^-16 pixel, as Pillow counts.</summary>
    private static void Nearest(in PixelCanvas canvas, AffineMap map)
    {
        (int height, int width) = canvas.Size;
        ReadOnlySpan<byte> from = canvas.Pixels;
        Span<byte> to = canvas.Spare;
        long stepX = Fixed(map.A);
        long stepY = Fixed(map.D);
        for (int y = 0; y < height; y++)
        {
            long atX = Fixed(map.C + map.A * 0.5 + map.B * 0.5) + y * Fixed(map.B);
            long atY = Fixed(map.F + map.D * 0.5 + map.E * 0.5) + y * Fixed(map.E);
            for (int x = 0; x < width; x++, atX += stepX, atY += stepY)
            {
                long column = atX >> 16;
                long row = atY >> 16;
                if ((ulong)column < (ulong)width && (ulong)row < (ulong)height)
                {
                    int source = (int)(row * width + column);
                    for (int target = y * width + x; target < to.Length; target += canvas.Area, source += canvas.Area)
                    {
                        to[target] = from[source];
                    }
                }
            }
        }
    }

    private static long Fixed(double value) => (long)Math.Floor(value * 65536 + 0.5);
}
