using Microsoft.ML.Data;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>The rows of a training or validation set, or images without labels, which can be walked through again and again.</summary>
/// <param name="Data">The rows.</param>
/// <param name="Label">Their label, a key column; null for images without labels, which count as of one class.</param>
/// <param name="Feature">Their image column.</param>
/// <param name="Preprocessing">The images' size and channels.</param>
/// <param name="Role">"training", "validation" or "pre-training", for messages.</param>
/// <param name="CropSource">Height and width of the larger copy that is read with each image, for crops; null for none.</param>
internal sealed record LabeledRows(IDataView Data, DataViewSchema.Column? Label, DataViewSchema.Column Feature, Preprocessing Preprocessing, string Role, PixelSize? CropSource = null)
{
    private readonly ImageColumnReader _reader = new(Feature, Preprocessing, CropSource);

    /// <summary>The shape that the images are read in.</summary>
    public ImageShape Shape => ImageShape.Of(Preprocessing, _reader.IsFloat) with { CropSource = CropSource };

    /// <summary>Number of rows as far as it is at most <paramref name="most"/>, else one more; nothing of them is read.</summary>
    public long Count(long most)
    {
        if (Data.GetRowCount() is { } known)
        {
            return Math.Min(known, most + 1);
        }
        using DataViewRowCursor cursor = Data.GetRowCursor([]);
        long count = 0;
        while (count <= most && cursor.MoveNext())
        {
            count++;
        }
        return count;
    }

    /// <summary>A walk from the first row on. The caller disposes it.</summary>
    public LabeledRowCursor Open()
    {
        IEnumerable<DataViewSchema.Column> columns = _reader.ColumnsToRead(Data.Schema);
        DataViewRowCursor cursor = Data.GetRowCursor(Label is { } asked ? columns.Prepend(asked) : columns);
        try
        {
            ValueGetter<uint> label = Label is { } column
                ? RowCursorUtils.GetGetterAs<uint>(new KeyDataViewType(typeof(uint), column.Type.GetKeyCount()), cursor, column.Index)
                : (ref uint one) => one = 1;
            return new LabeledRowCursor(cursor, label, _reader.For(cursor));
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }
}
