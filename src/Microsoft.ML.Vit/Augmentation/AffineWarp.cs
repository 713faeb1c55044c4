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
            Between(canvas, map, interpolation == Interpolation.Bicubic);
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

    private static void Between(in PixelCanvas canvas, AffineMap map, bool isBicubic)
    {
        (int height, int width) = canvas.Size;
        int area = canvas.Area;
        ReadOnlySpan<byte> from = canvas.Pixels;
        Span<byte> to = canvas.Spare;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double atX = map.A * (x + 0.5) + map.B * (y + 0.5) + map.C;
                double atY = map.D * (x + 0.5) + map.E * (y + 0.5) + map.F;
                if (!(atX >= 0 && atX < width && atY >= 0 && atY < height))
                {
                    continue;
                }
                var columns = new Taps(atX - 0.5, width, 1);
                var rows = new Taps(atY - 0.5, height, width);
                int target = y * width + x;
                for (int start = 0; start < from.Length; start += area)
                {
                    ReadOnlySpan<byte> plane = from.Slice(start, area);
                    to[start + target] = isBicubic ? Bicubic(plane, columns, rows) : Bilinear(plane, columns, rows);
                }
            }
        }
    }

    private static byte Bilinear(ReadOnlySpan<byte> plane, in Taps columns, in Taps rows)
    {
        double above = Linear(plane[rows.Second + columns.Second], plane[rows.Second + columns.Third], columns.Share);
        double below = Linear(plane[rows.Third + columns.Second], plane[rows.Third + columns.Third], columns.Share);
        return (byte)Linear(above, below, rows.Share);
    }

    private static double Linear(double a, double b, double share) => a + (b - a) * share;

    private static byte Bicubic(ReadOnlySpan<byte> plane, in Taps columns, in Taps rows) =>
        (byte)Math.Clamp(Cubic(Row(plane, rows.First, columns), Row(plane, rows.Second, columns), Row(plane, rows.Third, columns), Row(plane, rows.Fourth, columns), rows.Share), 0, 255);

    private static double Row(ReadOnlySpan<byte> plane, int row, in Taps columns) =>
        Cubic(plane[row + columns.First], plane[row + columns.Second], plane[row + columns.Third], plane[row + columns.Fourth], columns.Share);

    private static double Cubic(double a, double b, double c, double d, double share) =>
        b + share * (c - a + share * (2 * (a - b) + c - d + share * (b - a - c + d)));

    /// <summary>The four positions around a place on an axis, those beyond the border taken from it, and how far the place lies between the middle two.</summary>
    private readonly struct Taps
    {
        public readonly int First;
        public readonly int Second;
        public readonly int Third;
        public readonly int Fourth;
        public readonly double Share;

        /// <param name="at">The place, centres of pixels being whole.</param>
        /// <param name="side">Pixels along the axis.</param>
        /// <param name="stride">Values from one pixel to the next.</param>
        public Taps(double at, int side, int stride)
        {
            double floor = Math.Floor(at);
            int second = (int)floor;
            First = Math.Clamp(second - 1, 0, side - 1) * stride;
            Second = Math.Clamp(second, 0, side - 1) * stride;
            Third = Math.Clamp(second + 1, 0, side - 1) * stride;
            Fourth = Math.Clamp(second + 2, 0, side - 1) * stride;
            Share = at - floor;
        }
    }
}
