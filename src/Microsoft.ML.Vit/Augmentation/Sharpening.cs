namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Pillow's ImageEnhance.Sharpness: from a blurred image (factor 0) to the image (1) and beyond. The blur is the mean of the 3 x 3 pixels around, the middle one counted
/// five times; it leaves the border as it is.
/// </summary>
internal static class Sharpening
{
    /// <summary>Writes the spare pixels and swaps.</summary>
    public static void Apply(ref PixelCanvas canvas, float factor)
    {
        (int height, int width) = canvas.Size;
        ReadOnlySpan<byte> from = canvas.Pixels;
        Span<byte> to = canvas.Spare;
        for (int row = 0; row < canvas.Channels * height; row++)
        {
            int y = row % height;
            ReadOnlySpan<byte> middle = from.Slice(row * width, width);
            Span<byte> target = to.Slice(row * width, width);
            if (y == 0 || y == height - 1 || width < 3)
            {
                middle.CopyTo(target);
                continue;
            }
            Row(from.Slice((row - 1) * width, width), middle, from.Slice((row + 1) * width, width), target, factor);
        }
        canvas.Swap();
    }

    private static void Row(ReadOnlySpan<byte> above, ReadOnlySpan<byte> middle, ReadOnlySpan<byte> below, Span<byte> target, float factor)
    {
        above = above[..middle.Length];
        below = below[..middle.Length];
        target = target[..middle.Length];
        // The sums of the columns to the left, at and to the right of x.
        int left = above[0] + middle[0] + below[0];
        int here = above[1] + middle[1] + below[1];
        for (int x = 1; x < middle.Length - 1; x++)
        {
            int right = above[x + 1] + middle[x + 1] + below[x + 1];
            int sum = left + here + right + 4 * middle[x];
            // sum / 13, rounded: no sum lies halfway.
            int blurred = (2 * sum + 13) / 26;
            target[x] = ToneTable.Blended(blurred, middle[x], factor);
            (left, here) = (here, right);
        }
        target[0] = middle[0];
        target[^1] = middle[^1];
    }
}
