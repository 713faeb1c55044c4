using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Runs ahead of a cursor through the images and scores them a batch at a time, while the images of the next batch are decoded.</summary>
internal sealed class LookAhead : IDisposable
{
    private readonly DataViewRowCursor _images;
    private readonly Func<ScoredBatch> _newBatch;
    private ScoredBatch? _batch;
    private ScoredBatch? _next; // null where no rows are left
    private int _current = -1;

    /// <summary>Takes over the cursor over the image column.</summary>
    public LookAhead(DataViewRowCursor images, DataViewSchema.Column feature, ScoringModel model, int vectorLength, int batchSize)
    {
        var reader = new ImageColumnReader(feature, model.Preprocessing);
        RowImageReader row = reader.For(images);
        _images = images;
        _newBatch = () => new ScoredBatch(model, row, ImageShape.Of(model.Preprocessing, reader.IsFloat), batchSize, vectorLength);
    }

    /// <summary>The network's output for the current row.</summary>
    public ReadOnlySpan<float> Current => _batch![_current];

    /// <summary>To the next row; scores the next batch when the last is used up.</summary>
    public void MoveNext()
    {
        if (++_current < _batch?.Count)
        {
            return;
        }
        if (_batch is null)
        {
            _next = Take(null);
        }
        ScoredBatch? used = _batch;
        _batch = _next ?? throw new InvalidOperationException("The data gave fewer rows when it was read a second time beside the first; it must give the same rows each time.");
        _next = _batch.IsFull ? Take(used) : null;
        if (_next is null)
        {
            used?.Dispose();
        }
        _batch.Score();
        _current = 0;
    }

    /// <summary>Ends the cursor.</summary>
    public void Dispose()
    {
        _batch?.Dispose();
        _next?.Dispose();
        _images.Dispose();
    }

    /// <summary>Takes the images of the next rows; null where there are none.</summary>
    /// <param name="used">Memory for them; null for none yet.</param>
    private ScoredBatch? Take(ScoredBatch? used)
    {
        if (!_images.MoveNext())
        {
            return null;
        }
        ScoredBatch batch = used ?? _newBatch();
        batch.Clear();
        do
        {
            batch.Add();
        }
        while (!batch.IsFull && _images.MoveNext());
        batch.BeginDecoding();
        return batch;
    }
}
