using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Reads a training or validation set, or images without labels, once: every row's label and decoded pixels.</summary>
/// <param name="channel">Says how many rows were left out.</param>
/// <param name="invalidImages">What to do with images that cannot be read.</param>
/// <param name="cancellationToken">Looked at before each row.</param>
internal sealed class LabeledImageReader(IChannel channel, InvalidImageHandling invalidImages, CancellationToken cancellationToken)
{
    /// <summary>Reads all rows that have a label; without a label column all rows, as of one class.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="labelColumn">A key column of these rows; null for images without labels.</param>
    /// <param name="feature">Their image column.</param>
    /// <param name="preprocessing">The images' size and channels.</param>
    /// <param name="role">"training", "validation" or "pre-training", for messages.</param>
    /// <exception cref="InvalidOperationException">No row is left, or, unless skipped, an image cannot be read.</exception>
    public LabeledImages Read(IDataView data, DataViewSchema.Column? labelColumn, DataViewSchema.Column feature, Preprocessing preprocessing, string role)
    {
        var reader = new ImageColumnReader(feature, preprocessing);
        var shape = ImageShape.Of(preprocessing, reader.IsFloat);
        var images = new PixelCache(shape);
        var labels = new List<int>();
        byte[] pixels = new byte[shape.Bytes];
        long rows = 0;
        long unlabeled = 0;
        long unreadable = 0;
        IEnumerable<DataViewSchema.Column> columns = reader.ColumnsToRead(data.Schema);
        using (DataViewRowCursor cursor = data.GetRowCursor(labelColumn is { } asked ? columns.Prepend(asked) : columns))
        {
            ValueGetter<uint> getLabel = labelColumn is { } column
                ? RowCursorUtils.GetGetterAs<uint>(new KeyDataViewType(typeof(uint), column.Type.GetKeyCount()), cursor, column.Index)
                : (ref uint one) => one = 1;
            RowImageReader row = reader.For(cursor);
            while (cursor.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                rows++;
                uint label = 0;
                getLabel(ref label);
                if (label == 0)
                {
                    unlabeled++;
                    continue;
                }
                if (!row.TryRead(pixels, out Exception? invalid))
                {
                    unreadable += invalidImages == InvalidImageHandling.Skip ? 1 : throw invalid;
                    continue;
                }
                images.Add(pixels);
                labels.Add((int)label - 1);
            }
        }
        Report(role, rows, unlabeled, unreadable);
        string unlabeledRows = labelColumn is { } its ? $"{unlabeled} have no label in column '{its.Name}', " : "";
        return labels.Count > 0
            ? new LabeledImages(images, labels)
            : throw new InvalidOperationException(rows == 0
                ? $"The {role} data has no rows."
                : $"None of the {rows} rows of the {role} data can be used: {unlabeledRows}{unreadable} {(labelColumn is null ? "have " : "")}no readable image in column '{feature.Name}'.");
    }

    private void Report(string role, long rows, long unlabeled, long unreadable)
    {
        if (unlabeled > 0)
        {
            channel.Warning($"Left out {unlabeled} of {rows} {role} rows: they have no label.");
        }
        if (unreadable > 0)
        {
            channel.Warning($"Left out {unreadable} of {rows} {role} rows: their images cannot be read.");
        }
    }
}
