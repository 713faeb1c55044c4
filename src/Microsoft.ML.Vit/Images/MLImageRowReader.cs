using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Images;

/// <summary>Reads decoded images from an MLImage column, resizing a copy of the pixels where they are of another size.</summary>
internal sealed class MLImageRowReader(DataViewRow row, DataViewSchema.Column column, Func<ImageFitter> newFitter) : RowImageReader(row, column)
{
    private readonly ImageHandover _source = new(row, column);
    private readonly ImageFitter _fitter = newFitter();

    private protected override void ReadPixels(Span<byte> destination)
    {
        if (_source.Next() is not { } image || MLImagePlanes.IsDisposed(image))
        {
            throw new InvalidDataException("There is no image: the value is null or disposed.");
        }
        using PlanarImage planes = MLImagePlanes.Of(image, _fitter.Channels);
        _fitter.Fit(planes, destination);
    }
}
