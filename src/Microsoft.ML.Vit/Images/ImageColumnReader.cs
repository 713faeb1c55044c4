namespace Microsoft.ML.Vit.Images;

/// <summary>
/// The feature column of a schema and how its values become the pixels of a <see cref="Preprocessing"/>: channels x height x width elements,
/// bytes (0 to 255) from images, floats as they are from float vectors. Rescaling and normalising come later, on the tensor.
/// Immutable; each row or cursor gets a reader of its own.
/// </summary>
internal sealed class ImageColumnReader
{
    private readonly DataViewSchema.Column _column;
    private readonly Preprocessing _preprocessing;
    private readonly PixelSize? _cropSource;
    private readonly ImageColumnKind _kind;

    /// <summary>A reader of a column.</summary>
    /// <param name="column">The feature column.</param>
    /// <param name="preprocessing">Size, channels and filter; sound (<see cref="Preprocessing.Problems"/>).</param>
    /// <param name="cropSource">As <see cref="ImageFitter"/> takes it; null where the images are float vectors.</param>
    /// <exception cref="ArgumentOutOfRangeException">Such images cannot be read from a column of this type.</exception>
    public ImageColumnReader(DataViewSchema.Column column, Preprocessing preprocessing, PixelSize? cropSource = null)
    {
        FeatureColumn.Check(column, preprocessing);
        _column = column;
        _preprocessing = preprocessing;
        _cropSource = cropSource;
        _kind = FeatureColumn.KindOf(column.Type)!.Value;
    }

    /// <summary>Whether the elements are floats; else they are bytes.</summary>
    public bool IsFloat => _kind == ImageColumnKind.Floats;

    /// <summary>Bytes of an element.</summary>
    public int ElementSize => IsFloat ? sizeof(float) : sizeof(byte);

    /// <summary>Elements of an image: channels x height x width.</summary>
    public int Elements => _preprocessing.Elements;

    /// <summary>Bytes of an image as it is read, what <see cref="RowImageReader.Read"/> fills; with a crop source, its copy comes behind them.</summary>
    public int ImageBytes => Elements * ElementSize;

    /// <summary>
    /// The columns to ask a cursor for: the feature column and, where it may hand on another column's images as they are (ResizeImages does where
    /// the size fits), the image columns before it, by which <see cref="ImageHandover"/> knows them. Getters are lazy, so that these cost nothing.
    /// </summary>
    /// <param name="schema">The schema that the feature column is of.</param>
    public IEnumerable<DataViewSchema.Column> ColumnsToRead(DataViewSchema schema) => ImageHandover.Sources(schema, _column).Append(_column);

    /// <summary>A reader of the images of a row, or of the rows that a cursor stands on; for one thread.</summary>
    public RowImageReader For(DataViewRow row) => _kind switch
    {
        ImageColumnKind.Images => new MLImageRowReader(row, _column, NewFitter),
        ImageColumnKind.EncodedBytes => new EncodedBytesRowReader(row, _column, NewFitter),
        ImageColumnKind.Paths => new PathRowReader(row, _column, NewFitter),
        _ => new FloatsRowReader(row, _column, _preprocessing),
    };

    private ImageFitter NewFitter() => new(_preprocessing, _cropSource);
}
