using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Images;

/// <summary>The pixels of ML.NET's images as planes.</summary>
internal static class MLImagePlanes
{
    /// <summary>The image's pixels over a white ground; the caller disposes them. The image stays as it is.</summary>
    /// <param name="image">Not disposed.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <exception cref="InvalidDataException">It is not of four bytes a pixel.</exception>
    public static PlanarImage Of(MLImage image, int channels)
    {
        if (image.PixelFormat is not (MLPixelFormat.Bgra32 or MLPixelFormat.Rgba32))
        {
            throw new InvalidDataException($"The image's pixel format is {image.PixelFormat}; expected Bgra32 or Rgba32.");
        }
        var size = new PixelSize(image.Height, image.Width);
        ReadOnlySpan<byte> packed = image.Pixels;
        if (packed.Length != 4L * size.Height * size.Width)
        {
            throw new InvalidDataException($"The image has {packed.Length} bytes; expected {size} pixels of 4 bytes.");
        }
        PlanarImage planes = PixelUnpacking.Unpack(packed, size, image.PixelFormat == MLPixelFormat.Bgra32, PixelUnpacking.AlphaOf(packed), channels);
        // The span is over native memory, which the image's finalizer would free.
        GC.KeepAlive(image);
        return planes;
    }

    /// <summary>Whether it was disposed: ResizeImages, given no image, leaves the previous one in place, disposed; and MLImage does not tell.</summary>
    public static bool IsDisposed(MLImage image)
    {
        try
        {
            _ = image.Width;
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
