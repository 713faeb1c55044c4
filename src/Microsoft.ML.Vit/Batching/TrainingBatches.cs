using System.Diagnostics;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// A training set in shuffled, augmented batches, epoch after epoch, made ahead by other threads: the same batches for the same seed, wherever one starts to read them and however many threads
/// there are.
/// </summary>
/// <param name="order">What is trained on and in which order.</param>
/// <param name="batchSize">Images of a batch at most.</param>
/// <param name="augmentations">Random changes, in order.</param>
/// <param name="random">Decides order and changes.</param>
/// <param name="cancellationToken">Looked at while a batch is waited for.</param>
internal sealed class TrainingBatches(EpochOrder order, int batchSize, IReadOnlyList<VitAugmentation> augmentations, RandomStreams random, CancellationToken cancellationToken)
{
    private readonly LabeledImages _images = order.Images.Source;

    /// <summary>Batches of an epoch.</summary>
    public int PerEpoch => EpochOrder.Batches(order.Images.Count, batchSize);

    /// <summary>
    /// Threads that make batches. Each core of a CPU that trains leaves a few hundredths of its time to augmenting, so that one thread does for several; a GPU's machine has many cores.
    /// </summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount / 4, 1, 8);

    /// <summary>How long batches and the epochs' orders have been waited for, over all epochs.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The batches of an epoch. The caller disposes each.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="first">The batch to begin with, from 0: those before were seen already, and are not made.</param>
    public IEnumerable<Batch> Epoch(int epoch, int first)
    {
        long start = Stopwatch.GetTimestamp();
        int[] images = order.Of(random.Order(epoch));
        IReadOnlyList<ArraySegment<int>> batches = EpochOrder.Divide(images, batchSize);
        if (first >= batches.Count)
        {
            yield break;
        }
        using IPixelPass pass = _images.Images.Read(images.AsSpan(batches[first].Offset));
        using var ahead = new BatchesAhead(
            batches.Count - first,
            _images.Images.Window is null ? Threads : 1, // a stream is read by one
            () => new BatchMaker(_images, augmentations),
            (maker, i, cancelled) => maker.Make(pass, batches[first + i], first + i, place => random.Image(epoch, batches[first + i].Offset + place), cancelled));
        Waited += Stopwatch.GetElapsedTime(start);
        for (int index = first; index < batches.Count; index++)
        {
            TimeSpan before = ahead.Waited;
            Batch batch = ahead.Take(cancellationToken);
            Waited += ahead.Waited - before;
            yield return batch;
        }
    }
}
