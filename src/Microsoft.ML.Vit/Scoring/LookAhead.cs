using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Runs ahead of a cursor through the images and scores them a batch at a time.</summary>
internal sealed class LookAhead : IDisposable
{
    private readonly DataViewRowCursor _images;
    private readonly RowImageReader _row;
    private int _current = -1;

    /// <summary>Takes over the cursor over the image column.</summary>
    public LookAhead(DataViewRowCursor images, DataViewSchema.Column feature, ScoringModel model, int classes, int batchSize)
    {
        var reader = new ImageColumnReader(feature, model.Preprocessing);
        _images = images;
        _row = reader.For(images);
        Batch = new ScoredBatch(model, new ImageShape(model.Preprocessing.Channels, model.Preprocessing.Size, reader.IsFloat), batchSize, classes);
    }

    /// <summary>The batch that holds the current row.</summary>
    public ScoredBatch Batch { get; }

    /// <summary>Place of the current row in the batch.</summary>
    public int Current => _current;

    /// <summary>To the next row; scores the next batch when the last is used up.</summary>
    public void MoveNext()
    {
        if (++_current < Batch.Count)
        {
            return;
        }
        Batch.Clear();
        while (!Batch.IsFull && _images.MoveNext())
        {
            Batch.Add(_row);
        }
        if (Batch.Count == 0)
        {
            throw new InvalidOperationException("The data gave fewer rows when it was read a second time beside the first; it must give the same rows each time.");
        }
        Batch.Score();
        _current = 0;
    }

    /// <summary>Ends the cursor.</summary>
    public void Dispose()
    {
        _images.Dispose();
    }
}
