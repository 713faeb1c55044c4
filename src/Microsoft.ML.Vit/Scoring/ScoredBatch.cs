using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>A few images that are scored together, and the network's output for them; its memory is used again for the next ones.</summary>
/// <param name="model">The network.</param>
/// <param name="shape">Shape of the images.</param>
/// <param name="size">The most images it holds.</param>
/// <param name="vectorLength">Length of the output for one image.</param>
internal sealed class ScoredBatch(ScoringModel model, ImageShape shape, int size, int vectorLength)
{
    private readonly byte[] _pixels = new byte[checked(size * shape.Bytes)];
    private readonly float[] _vectors = new float[checked(size * vectorLength)];

    /// <summary>Images held.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => Count == size;

    /// <summary>The output for an image.</summary>
    public ReadOnlySpan<float> this[int index] => _vectors.AsSpan(index * vectorLength, vectorLength);

    /// <summary>Forgets the images.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds the row's image.</summary>
    public void Add(RowImageReader row)
    {
        row.Read(_pixels.AsSpan(Count * shape.Bytes, shape.Bytes));
        Count++;
    }

    /// <summary>Scores all images held.</summary>
    public void Score() => model.Score(_pixels, shape, Count, _vectors);
}
