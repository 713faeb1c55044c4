namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// What both residual branches of a block keep alike for the backward pass. Images whose branch drop path leaves out are left out of all its rows, which saves their time; the others follow each other.
/// </summary>
internal sealed unsafe class KeptBranch : IDisposable
{
    private readonly int[] _images;
    private readonly NativeFloats? _output;

    /// <summary>Allocates for so many images at most.</summary>
    /// <param name="shape">Of the block.</param>
    /// <param name="images">How many.</param>
    /// <param name="keepsOutput">Whether a LayerScale needs what it multiplies.</param>
    public KeptBranch(BlockShape shape, int images, bool keepsOutput)
    {
        _images = new int[images];
        long rows = LearningMemory.Rows(shape, images);
        Normal = new NativeFloats(rows * shape.Width);
        Factors = new NativeFloats(rows);
        _output = keepsOutput ? new NativeFloats(rows * shape.Width) : null;
    }

    /// <summary>The tokens, normalised (rows, D), before scale and shift.</summary>
    public NativeFloats Normal { get; }

    /// <summary>The normalisation's factor of each row.</summary>
    public NativeFloats Factors { get; }

    /// <summary>What LayerScale multiplies (rows, D); null without.</summary>
    public float* Output => _output is null ? null : _output.Pointer;

    /// <summary>The images that the branch sees, by their places in the micro-batch.</summary>
    public ReadOnlySpan<int> Images => _images.AsSpan(0, Count);

    /// <summary>How many images the branch sees.</summary>
    public int Count { get; private set; }

    /// <summary>By how much their branch grows.</summary>
    public float Growth { get; private set; }

    /// <summary>Whether it sees all as they are.</summary>
    public bool IsPlain { get; private set; }

    /// <summary>Takes what drop path drew.</summary>
    /// <param name="images">Images of the micro-batch.</param>
    /// <param name="mask">For each 0 or the growth; empty where nothing is dropped.</param>
    public void Choose(int images, ReadOnlySpan<float> mask)
    {
        (Count, Growth, IsPlain) = (0, 1, mask.IsEmpty);
        for (int image = 0; image < images; image++)
        {
            if (mask.IsEmpty || mask[image] != 0)
            {
                _images[Count++] = image;
                Growth = mask.IsEmpty ? 1 : mask[image];
            }
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Normal.Dispose();
        Factors.Dispose();
        _output?.Dispose();
    }
}
