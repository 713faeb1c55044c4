namespace Microsoft.ML.Vit.Batching;

/// <summary>Which images an epoch shows and in which order; as many as there are, whatever is repeated.</summary>
/// <param name="images">What is trained on.</param>
/// <param name="repeats">
/// How often an image is shown in a row, 1 or more. Above 1 an epoch shows the first of a shuffled order, one image of so many, as timm's RepeatAugSampler and DeiT's RASampler do on one device.
/// </param>
/// <param name="balanced">Whether each class that has images is drawn equally often; else each image is.</param>
internal sealed class EpochOrder(ImageSubset images, int repeats = 1, bool balanced = false)
{
    private readonly Lazy<int[][]> _classes = new(() => [.. images.Indices.GroupBy(index => images.Source.Labels[index]).OrderBy(group => group.Key).Select(group => group.ToArray())]);

    /// <summary>What is trained on.</summary>
    public ImageSubset Images => images;

    /// <summary>Batches that so many images make, none above the batch size.</summary>
    public static int Batches(int images, int batchSize) => (images + batchSize - 1) / batchSize;

    /// <summary>
    /// Divides an order into batches that differ by one image at most: every image is seen, and no left-over batch of two or three gives a step of noise.
    /// </summary>
    public static IReadOnlyList<ArraySegment<int>> Divide(int[] order, int batchSize)
    {
        int batches = Batches(order.Length, batchSize);
        return [.. Enumerable.Range(0, batches).Select(i => new ArraySegment<int>(order, Part(order.Length, i, batches), Part(order.Length, i + 1, batches) - Part(order.Length, i, batches)))];
    }

    /// <summary>The order of one epoch.</summary>
    /// <param name="random">The epoch's generator.</param>
    public int[] Of(Random random)
    {
        int different = (images.Count + repeats - 1) / repeats;
        int[] draws = balanced ? DrawClasses(different, random) : Draw(images.Indices, different, random);
        if (images.Source.Images.Window is { } window)
        {
            draws = ShuffleWindow.Shuffle(draws, window, random);
        }
        else if (balanced)
        {
            random.Shuffle(draws);
        }
        return repeats == 1 ? draws : [.. Enumerable.Range(0, images.Count).Select(place => draws[place / repeats])];
    }

    /// <summary>Equal shares of the draws for all classes. A class that has fewer images than its share gives some again, none more than once oftener than another.</summary>
    private int[] DrawClasses(int draws, Random random)
    {
        int[][] classes = [.. _classes.Value];
        // Which classes give one more where the draws cannot be divided.
        random.Shuffle(classes);
        return [.. classes.SelectMany((members, i) => Draw(members, Part(draws, i + 1, classes.Length) - Part(draws, i, classes.Length), random))];
    }

    /// <summary>So many of these, shuffled; all of them as often as they fit, and then some once more.</summary>
    private static int[] Draw(int[] members, int count, Random random)
    {
        int[] shuffled = [.. members];
        random.Shuffle(shuffled);
        return count == shuffled.Length ? shuffled : [.. Enumerable.Range(0, count).Select(i => shuffled[i % shuffled.Length])];
    }

    private static int Part(int whole, int index, int parts) => (int)((long)whole * index / parts);
}
