using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Reads a training or validation set once: every row's label and decoded pixels.</summary>
/// <param name="channel">Says how many rows were left out.</param>
/// <param name="invalidImages">What to do with images that cannot be read.</param>
/// <param name="cancellationToken">Looked at before each row.</param>
internal sealed class LabeledImageReader(IChannel channel, InvalidImageHandling invalidImages, CancellationToken cancellationToken)
{
    /// <summary>Reads all rows that have a label.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="labelColumn">A key column of these rows.</param>
    /// <param name="feature">Their image column.</param>
    /// <param name="preprocessing">The images' size and channels.</param>
    /// <param name="role">"training" or "validation", for messages.</param>
    /// <exception cref="InvalidOperationException">No row is left, or, unless skipped, an image cannot be read.</exception>
    public LabeledImages Read(IDataView data, DataViewSchema.Column labelColumn, DataViewSchema.Column feature, Preprocessing preprocessing, string role)
    {
        var images = new PixelCache(ImageShape.Of(preprocessing, FeatureColumn.KindOf(feature.Type) == ImageColumnKind.Floats));
        var labels = new List<int>();
        Read(images, labels, data, labelColumn, feature, preprocessing, role);
        return new LabeledImages(images, labels);
    }

    /// <summary>Reads the images of all rows, without labels, behind those in the cache.</summary>
    /// <param name="images">Gets them; of the shape that the preprocessing gives.</param>
    /// <param name="data">The rows.</param>
    /// <param name="feature">Their image column.</param>
    /// <param name="preprocessing">The images' size and channels.</param>
    /// <param name="role">For messages.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column holds images of another kind than the cache.</exception>
    /// <exception cref="InvalidOperationException">No row is left.</exception>
    public void Append(PixelCache images, IDataView data, DataViewSchema.Column feature, Preprocessing preprocessing, string role)
    {
        FeatureColumn.Check(feature, preprocessing);
        if (FeatureColumn.KindOf(feature.Type) == ImageColumnKind.Floats != images.Shape.IsFloat)
        {
            throw new ArgumentOutOfRangeException(
                nameof(feature), $"The {role} data's feature column '{feature.Name}' is of type {feature.Type}; one of {(images.Shape.IsFloat ? "float vectors" : "images")} is expected, as in the training data.");
        }
        Read(images, labels: null, data, labelColumn: null, feature, preprocessing, role);
    }

    /// <summary>With a label column, only rows that have a label.</summary>
    private void Read(PixelCache images, List<int>? labels, IDataView data, DataViewSchema.Column? labelColumn, DataViewSchema.Column feature, Preprocessing preprocessing, string role)
    {
        var reader = new ImageColumnReader(feature, preprocessing);
        byte[] pixels = new byte[images.Shape.Bytes];
        long rows = 0;
        long unlabeled = 0;
        long unreadable = 0;
        IEnumerable<DataViewSchema.Column> columns = reader.ColumnsToRead(data.Schema);
        using (DataViewRowCursor cursor = data.GetRowCursor(labelColumn is { } asked ? columns.Prepend(asked) : columns))
        {
            ValueGetter<uint>? getLabel = labelColumn is { } its ? RowCursorUtils.GetGetterAs<uint>(new KeyDataViewType(typeof(uint), its.Type.GetKeyCount()), cursor, its.Index) : null;
            RowImageReader row = reader.For(cursor);
            while (cursor.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                rows++;
                uint label = 0;
                getLabel?.Invoke(ref label);
                if (label == 0 && getLabel is not null)
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
                labels?.Add((int)label - 1);
            }
        }
        Report(role, rows, unlabeled, unreadable);
        if (rows == unlabeled + unreadable)
        {
            string lackLabels = labelColumn is { } its ? $"{unlabeled} have no label in column '{its.Name}', " : "";
            throw new InvalidOperationException(rows == 0
                ? $"The {role} data has no rows."
                : $"None of the {rows} rows of the {role} data can be used: {lackLabels}{unreadable} {(labelColumn is null ? "have " : "")}no readable image in column '{feature.Name}'.");
        }
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
