using Microsoft.ML.Data;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>The rows of a training or validation set, each with a label and an image, which can be walked through again and again.</summary>
/// <param name="Data">The rows.</param>
/// <param name="Label">Their label, a key column.</param>
/// <param name="Feature">Their image column.</param>
/// <param name="Preprocessing">The images' size and channels.</param>
/// <param name="Role">"training" or "validation", for messages.</param>
internal sealed record LabeledRows(IDataView Data, DataViewSchema.Column Label, DataViewSchema.Column Feature, Preprocessing Preprocessing, string Role)
{
    private readonly ImageColumnReader _reader = new(Feature, Preprocessing);

    /// <summary>The shape that the images are read in.</summary>
    public ImageShape Shape => ImageShape.Of(Preprocessing, _reader.IsFloat);

    /// <summary>A walk from the first row on. The caller disposes it.</summary>
    public LabeledRowCursor Open()
    {
        DataViewRowCursor cursor = Data.GetRowCursor([Label, .. _reader.ColumnsToRead(Data.Schema)]);
        try
        {
            ValueGetter<uint> label = RowCursorUtils.GetGetterAs<uint>(new KeyDataViewType(typeof(uint), Label.Type.GetKeyCount()), cursor, Label.Index);
            return new LabeledRowCursor(cursor, label, _reader.For(cursor));
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }
}
