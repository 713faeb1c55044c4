namespace Microsoft.ML.Vit.Batching;

/// <summary>A training set in shuffled, augmented batches, epoch after epoch: the same batches for the same seed, wherever one starts to read them.</summary>
/// <param name="images">What is trained on.</param>
/// <param name="batchSize">Images of a batch at most.</param>
/// <param name="augmentations">Random changes, in order.</param>
/// <param name="random">Decides order and changes.</param>
internal sealed class TrainingBatches(ImageSubset images, int batchSize, IReadOnlyList<VitAugmentation> augmentations, RandomStreams random)
{
    private readonly BatchMaker _maker = new(images.Source, augmentations);

    /// <summary>Batches of an epoch.</summary>
    public int PerEpoch => EpochOrder.Batches(images.Count, batchSize);

    /// <summary>The batches of an epoch. The caller disposes each.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="first">The batch to begin with, from 0: those before were seen already.</param>
    public IEnumerable<Batch> Epoch(int epoch, int first)
    {
        int place = 0;
        foreach ((int index, ArraySegment<int> indices) in EpochOrder.Shuffled(images.Indices, batchSize, random.Order(epoch)).Index())
        {
            int start = place;
            place += indices.Count;
            if (index >= first)
            {
                yield return _maker.Make(indices, index, i => random.Image(epoch, start + i));
            }
        }
    }
}
