using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Reads a training or validation set: every row's label and, once, its decoded pixels, which go where the storage has room.</summary>
/// <param name="channel">Says how many rows were left out.</param>
/// <param name="storage">Where pixels go.</param>
/// <param name="invalidImages">What to do with images that cannot be read.</param>
/// <param name="cancellationToken">Looked at before each row.</param>
internal sealed class LabeledImageReader(IChannel channel, PixelStorage storage, InvalidImageHandling invalidImages, CancellationToken cancellationToken)
{
    /// <summary>Reads all rows that have a label, or where there is no label column all. The images are there as long as the storage is.</summary>
    /// <exception cref="InvalidOperationException">No row is left, or, unless skipped, an image cannot be read.</exception>
    public LabeledImages Read(LabeledRows rows)
    {
        PixelCache? cache = storage.NewCache(rows.Shape, rows.Data.GetRowCount());
        PixelBlocks memory = cache.Memory;
        var labels = new List<int>();
        var rowOf = new List<long>();
        var waiting = new List<(int Label, long Row)>();
        long count = 0;
        long unlabeled = 0;
        long unreadable = 0;
        using (LabeledRowCursor cursor = rows.Open())
        {
            using RowImages images = cursor.Images(rows.Shape.KeptBytes);
            for (bool more = true; more;)
            {
                images.Clear();
                waiting.Clear();
                while (!images.IsFull && (more = cursor.MoveNext()))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    count++;
                    int label = cursor.Label;
                    if (label < 0)
                    {
                        unlabeled++;
                        continue;
                    }
                    images.Add();
                    waiting.Add((label, cursor.Row));
                }
                images.Decode();
                for (int i = 0; i < images.Count; i++)
                {
                    if (images.Invalid(i) is { } invalid)
                    {
                        unreadable += invalidImages == InvalidImageHandling.Skip ? 1 : throw invalid;
                        continue;
                    }
                    // Once there is no room the other images are still looked at, whether they can be read.
                    if (cache?.TryAdd(images[i]) == false)
                    {
                        cache = null;
                    }
                    labels.Add(waiting[i].Label);
                    rowOf.Add(waiting[i].Row);
                }
            }
        }
        Report(rows.Role, count, unlabeled, unreadable);
        return labels.Count > 0
            ? new LabeledImages(cache is not null ? cache : new PixelStream(rows, rowOf, labels, PixelStorage.Pool(rows.Shape, memory)), labels)
            : throw new InvalidOperationException(count == 0
                ? $"The {rows.Role} data has no rows."
                : $"None of the {count} rows of the {rows.Role} data can be used: {Unlabeled(rows, unlabeled)}{unreadable} {(rows.Label is null ? "have " : "")}no readable image in column '{rows.Feature.Name}'.");
    }

    private static string Unlabeled(LabeledRows rows, long count) => rows.Label is { } label ? $"{count} have no label in column '{label.Name}', " : "";

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
