namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Brings images of any size to <see cref="Preprocessing.Size"/>: resizes, cuts out the centre, and pads with black what is too small for that. What is cut away is never computed.
/// One instance serves one thread.
/// </summary>
/// <param name="preprocessing">Sizes and filter; sound (<see cref="Preprocessing.Problems"/>).</param>
/// <param name="cropSource">Height and width of a second, larger fit of each image, for crops to be cut out of; null for none.</param>
internal sealed class ImageFitter(Preprocessing preprocessing, PixelSize? cropSource = null)
{
    private readonly PixelResizer _resizer = new(preprocessing.Interpolation);
    private readonly ImageFitter? _larger = cropSource is { } size ? new(preprocessing.WithSize(size)) : null;

    /// <summary>Planes of the images.</summary>
    public int Channels => preprocessing.Channels;

    /// <summary>Fits an image.</summary>
    /// <param name="image">An image of the preprocessing's channels.</param>
    /// <param name="destination">channels x height x width bytes of the preprocessing's size, then where there is a crop source those of its size.</param>
    public void Fit(PlanarImage image, Span<byte> destination)
    {
        FitSeen(image, destination[..preprocessing.Elements]);
        _larger?.Fit(image, destination[preprocessing.Elements..]);
    }

    private void FitSeen(PlanarImage image, Span<byte> destination)
    {
        PixelSize size = preprocessing.Size;
        PixelSize resized = ResizedSize(image.Size);
        (int top, int above, int height) = Centre(resized.Height, size.Height);
        (int left, int before, int width) = Centre(resized.Width, size.Width);
        var window = new PixelWindow(top, left, new PixelSize(height, width));
        if (window.Size == size)
        {
            _resizer.Resize(image.Pixels, image.Size, destination, resized, window, image.Channels);
            return;
        }
        using var small = new PlanarImage(window.Size, image.Channels);
        _resizer.Resize(image.Pixels, image.Size, small.Pixels, resized, window, image.Channels);
        destination.Clear();
        for (int row = 0; row < image.Channels * height; row++)
        {
            int at = (row / height * size.Height + above + row % height) * size.Width + before;
            small.Pixels.Slice(row * width, width).CopyTo(destination[at..]);
        }
    }

    /// <summary>
    /// Which part of an image the network sees, in pixels of the image as edges: outside the image where it is padded.
    /// </summary>
    /// <param name="image">The image's size.</param>
    public (double Top, double Left, double Height, double Width) RegionSeen(PixelSize image)
    {
        PixelSize resized = ResizedSize(image);
        (int top, int above, _) = Centre(resized.Height, preprocessing.Size.Height);
        (int left, int before, _) = Centre(resized.Width, preprocessing.Size.Width);
        double down = (double)image.Height / resized.Height, across = (double)image.Width / resized.Width;
        return ((top - above) * down, (left - before) * across, preprocessing.Size.Height * down, preprocessing.Size.Width * across);
    }

    /// <summary>
    /// The size of the whole image after resizing. A shortest edge leaves the other rounded down, as torchvision's <c>resize</c> and transformers' <c>get_resize_output_image_size</c> do;
    /// a rectangle to cover is timm's <c>ResizeKeepRatio</c>, which rounds half to even.
    /// </summary>
    private PixelSize ResizedSize(PixelSize image)
    {
        PixelSize to = preprocessing.ResizeTo ?? preprocessing.Size;
        if (!preprocessing.KeepAspectRatio)
        {
            return to;
        }
        if (to.Height == to.Width)
        {
            int longEdge = (int)((long)to.Height * Math.Max(image.Height, image.Width) / Math.Min(image.Height, image.Width));
            return image.Height < image.Width ? new PixelSize(to.Height, longEdge) : new PixelSize(longEdge, to.Width);
        }
        double ratio = Math.Min((double)image.Height / to.Height, (double)image.Width / to.Width);
        return new PixelSize((int)Math.Round(image.Height / ratio, MidpointRounding.ToEven), (int)Math.Round(image.Width / ratio, MidpointRounding.ToEven));
    }

    /// <summary>
    /// Along one axis: where the part that is kept begins in the resized image, where it begins in the input, and its length. Padding is split with the smaller half first,
    /// as torchvision, timm and transformers' processors of version 5 do.
    /// </summary>
    private (int From, int To, int Length) Centre(int resized, int size)
    {
        int excess = resized - size;
        int from = preprocessing.CropRoundsToEven ? (int)Math.Round(excess / 2.0, MidpointRounding.ToEven) : excess / 2;
        return excess >= 0 ? (from, 0, size) : (0, -excess / 2, resized);
    }
}
