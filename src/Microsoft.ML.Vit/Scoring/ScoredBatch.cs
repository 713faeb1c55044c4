using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>A few images that are scored together, and their probabilities; its memory is used again for the next ones.</summary>
/// <param name="model">The network.</param>
/// <param name="shape">Shape of the images.</param>
/// <param name="size">The most images it holds.</param>
/// <param name="classes">Length of the scores.</param>
internal sealed class ScoredBatch(ScoringModel model, ImageShape shape, int size, int classes)
{
    private readonly byte[] _pixels = new byte[checked(size * shape.Bytes)];
    private readonly float[] _scores = new float[checked(size * classes)];

    /// <summary>Images held.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => Count == size;

    /// <summary>Forgets the images.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds the row's image.</summary>
    public void Add(RowImageReader row)
    {
        row.Read(_pixels.AsSpan(Count * shape.Bytes, shape.Bytes));
        Count++;
    }

    /// <summary>Scores all images held.</summary>
    public void Score() => model.Score(_pixels, shape, Count, _scores);

    /// <summary>The key of an image's most probable class, from 1; 0 (missing) where the scores are not numbers.</summary>
    public uint PredictedKey(int index)
    {
        ReadOnlySpan<float> scores = ScoresOf(index);
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }
        return float.IsNaN(scores[best]) ? 0 : (uint)best + 1;
    }

    /// <summary>An image's probabilities.</summary>
    public void CopyScores(int index, ref VBuffer<float> target)
    {
        VBufferEditor<float> editor = VBufferEditor.Create(ref target, classes);
        ScoresOf(index).CopyTo(editor.Values);
        target = editor.Commit();
    }

    private ReadOnlySpan<float> ScoresOf(int index) => _scores.AsSpan(index * classes, classes);
}
