using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>A walk through <see cref="LabeledRows"/>. Not for several threads at once.</summary>
/// <param name="cursor">Stands on the row; this disposes it.</param>
/// <param name="label">Its label.</param>
/// <param name="image">Its image.</param>
internal sealed class LabeledRowCursor(DataViewRowCursor cursor, ValueGetter<uint> label, RowImageReader image) : IDisposable
{
    /// <summary>The row that it stands on, from 0; -1 before the first.</summary>
    public long Row { get; private set; } = -1;

    /// <summary>The row's class, from 0; -1 where it has none.</summary>
    public int Label
    {
        get
        {
            uint key = 0;
            label(ref key);
            return (int)key - 1;
        }
    }

    /// <summary>To the next row.</summary>
    /// <returns>False after the last.</returns>
    public bool MoveNext()
    {
        Row++;
        return cursor.MoveNext();
    }

    /// <summary>The images of the rows that it comes to, which are added to this one by one.</summary>
    /// <param name="imageBytes">Bytes of an image.</param>
    /// <param name="capacity">Rows at most; null for as many as pay.</param>
    public RowImages Images(int imageBytes, int? capacity = null) => new(image, imageBytes, capacity ?? (image is EncodedRowReader ? RowImages.UsualCapacity : 1));

    /// <summary>Ends the walk.</summary>
    public void Dispose() => cursor.Dispose();
}
