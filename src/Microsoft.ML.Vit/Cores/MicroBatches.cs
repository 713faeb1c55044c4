namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// How a batch is divided for the CPU: as large as matrix products need to be fast, as small as what one operation leaves for the next still lies in the core's cache.
/// </summary>
internal static class MicroBatches
{
    /// <summary>Bytes of the largest activation, the MLP's hidden layer. Measured on two cores without AMX: 32 px 2.1 MB, Ti/16 1.2 to 2.4, S/16 2.4 best.</summary>
    private const double HiddenBytes = 2.4e6;

    /// <summary>Rows that a matrix product needs to keep the multipliers busy: B/16 loses a fifth with one image (197) a time.</summary>
    private const int Rows = 384;

    /// <summary>Images of a micro-batch at most.</summary>
    public static int Size(VitConfig config)
    {
        return Size(config.Tokens, config.MlpHiddenSize);
    }

    /// <summary>The same for blocks that see only a part of the tokens.</summary>
    /// <param name="tokens">Tokens of one image.</param>
    /// <param name="hidden">Size of the MLP's hidden layer.</param>
    public static int Size(int tokens, int hidden)
    {
        int cached = (int)(HiddenBytes / ((double)tokens * hidden * sizeof(float)));
        return Math.Max(cached, (Rows + tokens - 1) / tokens);
    }

    /// <summary>The parts of a batch, for each thread those it does one after the other; each differs from the others by one image at most.</summary>
    /// <param name="images">Images of the batch.</param>
    /// <param name="size">Images of a part at most.</param>
    /// <param name="threads">Threads at most; fewer are used where parts would be too small.</param>
    public static IReadOnlyList<IReadOnlyList<Range>> Divide(int images, int size, int threads)
    {
        int lanes = Math.Clamp(images, 1, threads);
        var shares = new List<IReadOnlyList<Range>>();
        for (int lane = 0; lane < lanes; lane++)
        {
            int start = Part(images, lane, lanes), count = Part(images, lane + 1, lanes) - start;
            int parts = (count - 1) / size + 1; // and not (count + size - 1) / size: the size may be int.MaxValue
            shares.Add([.. Enumerable.Range(0, parts).Select(i => (start + Part(count, i, parts))..(start + Part(count, i + 1, parts)))]);
        }
        return shares;
    }

    /// <summary>The parts of a batch that threads take one after the other, whoever is free: as many for each, all of nearly the same size.</summary>
    /// <param name="images">Images of the batch.</param>
    /// <param name="size">Images of a part at most.</param>
    /// <param name="threads">How many threads take them.</param>
    public static IReadOnlyList<Range> Parts(int images, int size, int threads)
    {
        int rounds = (int)((images - 1) / ((long)size * threads)) + 1, parts = Math.Min(images, rounds * threads);
        return [.. Enumerable.Range(0, parts).Select(i => Part(images, i, parts)..Part(images, i + 1, parts))];
    }

    private static int Part(int images, int index, int parts) => (int)((long)images * index / parts);
}
