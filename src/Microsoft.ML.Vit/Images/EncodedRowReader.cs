using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads images that rows have encoded, so that taking one from its row and decoding it are two steps.</summary>
internal abstract class EncodedRowReader(DataViewRow row, DataViewSchema.Column column, Func<ImageFitter> newFitter) : RowImageReader(row, column)
{
    private readonly EncodedImage _image = new();
    private readonly ImageFitter _fitter = newFitter();

    /// <summary>Makes what fits the images, for one thread.</summary>
    public Func<ImageFitter> NewFitter => newFitter;

    private protected override string? Path => _image.Path;

    /// <summary>Takes the row's image, to be decoded later.</summary>
    /// <param name="image">Receives it.</param>
    /// <param name="invalid">What <see cref="RowImageReader.Read"/> throws where the row's value names no image.</param>
    /// <returns>Whether it does.</returns>
    public bool TryTake(EncodedImage image, [NotNullWhen(false)] out Exception? invalid)
    {
        try
        {
            Take(image);
            invalid = null;
            return true;
        }
        catch (Exception exception) when (IsAboutTheImage(exception))
        {
            invalid = About(image.Row, image.Path, exception);
            return false;
        }
    }

    private protected override void ReadPixels(Span<byte> destination)
    {
        Take(_image);
        _image.Decode(_fitter, destination);
    }

    private void Take(EncodedImage image)
    {
        image.Row = Position;
        image.Path = null;
        TakeValue(image);
    }

    /// <summary>Sets the path or the bytes.</summary>
    private protected abstract void TakeValue(EncodedImage image);
}
