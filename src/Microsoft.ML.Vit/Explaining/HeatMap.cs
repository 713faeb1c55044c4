namespace Microsoft.ML.Vit.Explaining;

/// <summary>Lays numbers over a picture as colours.</summary>
internal static class HeatMap
{
    /// <summary>From the lowest to the highest: red, green, blue.</summary>
    private static readonly (double Red, double Green, double Blue)[] s_colours = [(0, 0, 200), (0, 170, 230), (90, 220, 90), (250, 220, 0), (230, 0, 0)];

    /// <summary>Numbers between patches' centres are interpolated bilinearly; their range is that of the patches.</summary>
    /// <param name="picture">height x width x 4 bytes: red, green, blue, alpha.</param>
    /// <param name="size">Its size.</param>
    /// <param name="values">Row by row.</param>
    /// <param name="grid">Rows and columns.</param>
    /// <param name="region">Where the grid lies in the picture, in pixels.</param>
    /// <param name="opacity">Of the highest value's colour, 0 to 1; the lowest's is 0.</param>
    public static byte[] Over(
        ReadOnlySpan<byte> picture, PixelSize size, IReadOnlyList<float> values, PixelSize grid, (double Top, double Left, double Height, double Width) region, double opacity)
    {
        float lowest = values.Min(), range = values.Max() - lowest;
        byte[] result = picture.ToArray();
        if (!(range > 0))
        {
            return result; // nothing stands out
        }
        for (int y = 0; y < size.Height; y++)
        {
            double down = (y + 0.5 - region.Top) / region.Height;
            for (int x = 0; x < size.Width; x++)
            {
                double across = (x + 0.5 - region.Left) / region.Width;
                if (down is < 0 or >= 1 || across is < 0 or >= 1)
                {
                    continue;
                }
                double heat = (Interpolate(values, grid, (down * grid.Height) - 0.5, (across * grid.Width) - 0.5) - lowest) / range;
                Blend(result.AsSpan(((y * size.Width) + x) * 4, 3), heat, opacity * heat);
            }
        }
        return result;
    }

    private static double Interpolate(IReadOnlyList<float> values, PixelSize grid, double row, double column)
    {
        (int above, int below, double down) = Between(row, grid.Height);
        (int left, int right, double across) = Between(column, grid.Width);
        double Mix(int line) => (values[(line * grid.Width) + left] * (1 - across)) + (values[(line * grid.Width) + right] * across);
        return (Mix(above) * (1 - down)) + (Mix(below) * down);
    }

    private static (int First, int Second, double Share) Between(double position, int count)
    {
        double held = Math.Clamp(position, 0, count - 1);
        int first = (int)held;
        return (first, Math.Min(first + 1, count - 1), held - first);
    }

    private static void Blend(Span<byte> pixel, double heat, double opacity)
    {
        (int first, int second, double share) = Between(heat * (s_colours.Length - 1), s_colours.Length);
        ((double r, double g, double b), (double r2, double g2, double b2)) = (s_colours[first], s_colours[second]);
        pixel[0] = Mix(pixel[0], r + ((r2 - r) * share));
        pixel[1] = Mix(pixel[1], g + ((g2 - g) * share));
        pixel[2] = Mix(pixel[2], b + ((b2 - b) * share));

        byte Mix(byte old, double colour) => (byte)Math.Round(old + ((colour - old) * opacity));
    }
}
