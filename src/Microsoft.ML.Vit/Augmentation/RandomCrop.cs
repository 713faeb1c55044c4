namespace Microsoft.ML.Vit;

/// <summary>Shifts an image at random: padded on all sides by its own mirror image (the border pixel not repeated), it is cropped to its size anywhere.</summary>
/// <param name="Padding">Pixels on each side, 0 to below the side; null for an eighth of the side, rounded up. Default null.</param>
public sealed record RandomCrop(int? Padding = null) : VitAugmentation
{
    internal override IEnumerable<string> Problems(PixelSize size)
    {
        if (Padding is < 0 || Padding >= Math.Min(size.Height, size.Width))
        {
            yield return $"RandomCrop.Padding is {Padding}; expected 0 to {Math.Min(size.Height, size.Width) - 1} for images of {size}.";
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        int down = Shift(size.Height, random);
        int right = Shift(size.Width, random);
        for (int row = 0; row < channels * size.Height; row++)
        {
            (int channel, int y) = Math.DivRem(row, size.Height);
            ReadOnlySpan<T> from = source.Slice((channel * size.Height + Reflect(y + down, size.Height)) * size.Width, size.Width);
            Span<T> to = target.Slice(row * size.Width, size.Width);
            // What lies inside the image is copied, what beyond its border mirrored.
            int start = Math.Max(0, -right);
            int end = Math.Min(size.Width, size.Width - right);
            from[(start + right)..(end + right)].CopyTo(to[start..end]);
            for (int x = 0; x < start; x++)
            {
                to[x] = from[Reflect(x + right, size.Width)];
            }
            for (int x = end; x < to.Length; x++)
            {
                to[x] = from[Reflect(x + right, size.Width)];
            }
        }
    }

    private int Shift(int side, Random random)
    {
        // A side of one pixel has nothing to reflect.
        int padding = Padding ?? Math.Min((side + 7) / 8, side - 1);
        return random.Next(-padding, padding + 1);
    }

    private static int Reflect(int position, int side)
    {
        position = Math.Abs(position);
        return position < side ? position : 2 * (side - 1) - position;
    }
}
