using System.Diagnostics;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Some of the images that were read, by index: the training or the validation part.</summary>
/// <param name="Source">All that was read.</param>
/// <param name="Indices">Those that belong, ascending.</param>
internal sealed record ImageSubset(LabeledImages Source, int[] Indices)
{
    /// <summary>Number of images in the subset.</summary>
    public int Count => Indices.Length;

    /// <summary>Images of each class.</summary>
    /// <param name="classes">Number of classes.</param>
    public int[] CountsByClass(int classes)
    {
        int[] counts = new int[classes];
        foreach (int index in Indices)
        {
            counts[Source.Labels[index]]++;
        }
        return counts;
    }

    /// <summary>The images as they are, in order, in batches made ahead by another thread. The caller disposes each.</summary>
    /// <param name="batchSize">Images of a batch at most.</param>
    /// <param name="cancellationToken">Looked at while a batch is waited for.</param>
    public IEnumerable<Batch> InOrder(int batchSize, CancellationToken cancellationToken)
    {
        IReadOnlyList<ArraySegment<int>> batches = EpochOrder.Divide(Indices, batchSize);
        using IPixelPass pass = Source.Images.Read(Indices);
        using var ahead = new BatchesAhead(
            batches.Count, threads: 1, () => new BatchMaker(Source, []), (maker, i, cancelled) => maker.Make(pass, batches[i], i, _ => throw new UnreachableException(), cancelled));
        for (int i = 0; i < batches.Count; i++)
        {
            yield return ahead.Take(cancellationToken);
        }
    }

    /// <summary>Everything that was read.</summary>
    public static ImageSubset All(LabeledImages source) => new(source, [.. Enumerable.Range(0, source.Count)]);

    /// <summary>Draws a share of the images for validation, the same for the same state of the generator; at least one where there are two.</summary>
    /// <param name="source">All that was read.</param>
    /// <param name="fraction">Share held out, above 0 and below 1.</param>
    /// <param name="random">The seeded generator.</param>
    public static (ImageSubset Training, ImageSubset Validation) Split(LabeledImages source, double fraction, Random random)
    {
        int[] shuffled = All(source).Indices;
        random.Shuffle(shuffled);
        int held = Math.Clamp((int)Math.Round(source.Count * fraction), 1, source.Count - 1);
        return (new(source, [.. shuffled[held..].Order()]), new(source, [.. shuffled[..held].Order()]));
    }
}
