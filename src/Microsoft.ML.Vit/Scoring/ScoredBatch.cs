using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>A few images that are scored together, and the network's output for them; its memory is used again for the next ones.</summary>
/// <param name="model">The network.</param>
/// <param name="row">Stands on the rows of the images.</param>
/// <param name="shape">Shape of the images.</param>
/// <param name="size">The most images it holds.</param>
/// <param name="vectorLength">Length of the output for one image.</param>
internal sealed class ScoredBatch(ScoringModel model, RowImageReader row, ImageShape shape, int size, int vectorLength) : IDisposable
{
    private readonly RowImages _images = new(row, shape.Bytes, size);
    private readonly float[] _vectors = new float[checked(size * vectorLength)];
    private Task? _decoding;

    /// <summary>Images held.</summary>
    public int Count => _images.Count;

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => _images.IsFull;

    /// <summary>The output for an image.</summary>
    public ReadOnlySpan<float> this[int index] => _vectors.AsSpan(index * vectorLength, vectorLength);

    /// <summary>Forgets the images.</summary>
    public void Clear() => _images.Clear();

    /// <summary>Adds the row's image.</summary>
    public void Add() => _images.Add();

    /// <summary>Begins to decode the images held, where they need it, beside the caller's thread, which leaves them alone until it scores them.</summary>
    public void BeginDecoding() => _decoding = _images.AreEncoded ? Task.Run(_images.DecodeAll) : null;

    /// <summary>Scores all images held.</summary>
    /// <exception cref="FileNotFoundException">The file of one is missing.</exception>
    /// <exception cref="InvalidDataException">One cannot be read otherwise.</exception>
    public void Score()
    {
        if (_decoding is null)
        {
            _images.DecodeAll();
        }
        else
        {
            _decoding.GetAwaiter().GetResult();
        }
        model.Score(_images.Pixels, shape, Count, _vectors);
    }

    /// <summary>Waits until nothing is decoded any more, whatever comes of it, and lets go of the images.</summary>
    public void Dispose()
    {
        if (_decoding is { } decoding)
        {
            Task.WaitAny(decoding); // does not throw what the task did
        }
        _images.Dispose();
    }
}
