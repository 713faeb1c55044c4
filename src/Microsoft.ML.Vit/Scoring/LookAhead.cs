using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Runs ahead of a cursor through the images and scores them a batch at a time.</summary>
internal sealed class LookAhead : IDisposable
{
    private readonly DataViewRowCursor _images;
    private readonly ScoredBatch _batch;
    private int _current = -1;

    /// <summary>Takes over the cursor over the image column.</summary>
    public LookAhead(DataViewRowCursor images, DataViewSchema.Column feature, ScoringModel model, int vectorLength, int batchSize)
    {
        var reader = new ImageColumnReader(feature, model.Preprocessing);
        _images = images;
        _batch = new ScoredBatch(model, reader.For(images), ImageShape.Of(model.Preprocessing, reader.IsFloat), batchSize, vectorLength);
    }

    /// <summary>The network's output for the current row.</summary>
    public ReadOnlySpan<float> Current => _batch[_current];

    /// <summary>To the next row; scores the next batch when the last is used up.</summary>
    public void MoveNext()
    {
        if (++_current < _batch.Count)
        {
            return;
        }
        _batch.Clear();
        while (!_batch.IsFull && _images.MoveNext())
        {
            _batch.Add();
        }
        if (_batch.Count == 0)
        {
            throw new InvalidOperationException("The data gave fewer rows when it was read a second time beside the first; it must give the same rows each time.");
        }
        _batch.Score();
        _current = 0;
    }

    /// <summary>Ends the cursor.</summary>
    public void Dispose()
    {
        _images.Dispose();
    }
}
