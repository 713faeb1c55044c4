using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads decoded images from an MLImage column, resizing a copy of the pixels where they are of another size.</summary>
internal sealed class MLImageRowReader(DataViewRow row, DataViewSchema.Column column, Preprocessing preprocessing) : RowImageReader(row, column)
{
    private readonly ImageHandover _source = new(row, column);
    private readonly ImageFitter _fitter = new(preprocessing);

    private protected override void ReadPixels(Span<byte> destination)
    {
        if (_source.Next() is not { } image || IsDisposed(image))
        {
            throw new InvalidDataException("There is no image: the value is null or disposed.");
        }
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
        using PlanarImage planes = PixelUnpacking.Unpack(
            packed, size, image.PixelFormat == MLPixelFormat.Bgra32, PixelUnpacking.AlphaOf(packed), SKEncodedOrigin.TopLeft, preprocessing.Channels);
        // The span is over native memory, which the image's finalizer would free.
        GC.KeepAlive(image);
        _fitter.Fit(planes, destination);
    }

    // ResizeImages, given no image, leaves the previous one in place, disposed; and MLImage does not tell.
    private static bool IsDisposed(MLImage image)
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
