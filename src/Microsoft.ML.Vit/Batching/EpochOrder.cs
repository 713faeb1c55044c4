namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// Divides images into batches that differ by one image at most, none above the batch size: every image is seen in every epoch, and no
/// left-over batch of two or three gives a step of noise.
/// </summary>
internal static class EpochOrder
{
    /// <summary>Steps of an epoch.</summary>
    public static int Batches(int images, int batchSize) => (images + batchSize - 1) / batchSize;

    /// <summary>The batches of indices, in order.</summary>
    public static IEnumerable<ArraySegment<int>> Divide(int[] indices, int batchSize)
    {
        int batches = Batches(indices.Length, batchSize);
        for (int i = 0; i < batches; i++)
        {
            int start = (int)((long)indices.Length * i / batches);
            int end = (int)((long)indices.Length * (i + 1) / batches);
            yield return new ArraySegment<int>(indices, start, end - start);
        }
    }

    /// <summary>The batches of one training epoch: shuffled afresh.</summary>
    public static IEnumerable<ArraySegment<int>> Shuffled(int[] indices, int batchSize, Random random)
    {
        int[] order = [.. indices];
        random.Shuffle(order);
        return Divide(order, batchSize);
    }
}
