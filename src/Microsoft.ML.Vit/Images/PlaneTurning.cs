using SkiaSharp;

namespace Microsoft.ML.Vit.Images;

/// <summary>Turns and mirrors planes of pixels as EXIF says that a camera was held.</summary>
internal static class PlaneTurning
{
    /// <summary>Gives an image as a person sees it.</summary>
    /// <param name="stored">As its file has it; taken over.</param>
    /// <param name="origin">Which corner of what a person sees the first pixel is (the EXIF orientation).</param>
    /// <returns>The image; the caller disposes it.</returns>
    public static PlanarImage Upright(PlanarImage stored, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft)
        {
            return stored;
        }
        using (stored)
        {
            // The last four are the first four with rows and columns exchanged before.
            bool isExchanged = origin is >= SKEncodedOrigin.LeftTop and <= SKEncodedOrigin.LeftBottom;
            PixelSize size = stored.Size;
            var upright = new PlanarImage(isExchanged ? new PixelSize(size.Width, size.Height) : size, stored.Channels);
            int area = size.Height * size.Width;
            for (int channel = 0; channel < stored.Channels; channel++)
            {
                Span<byte> from = stored.Pixels.Slice(channel * area, area), to = upright.Pixels.Slice(channel * area, area);
                if (isExchanged)
                {
                    ByteTransposition.Transpose(from, size.Width, size.Height, size.Width, to);
                }
                else
                {
                    from.CopyTo(to);
                }
                Mirror(to, upright.Size, origin);
            }
            return upright;
        }
    }

    private static void Mirror(Span<byte> plane, PixelSize size, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightBottom)
        {
            plane.Reverse();
            return;
        }
        if (origin is SKEncodedOrigin.BottomLeft or SKEncodedOrigin.LeftBottom)
        {
            // Both ways, and back from left to right.
            plane.Reverse();
        }
        else if (origin is not (SKEncodedOrigin.TopRight or SKEncodedOrigin.RightTop))
        {
            return;
        }
        for (int row = 0; row < size.Height; row++)
        {
            plane.Slice(row * size.Width, size.Width).Reverse();
        }
    }
}
