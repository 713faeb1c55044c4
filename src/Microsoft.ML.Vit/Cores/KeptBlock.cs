namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// What a block keeps of a few images from the forward to the backward pass: sixteen numbers for each of a token (with the usual MLP) and the attention weights. What can be had back by a multiplication
/// and an addition, as a normalisation's result, is not kept.
/// </summary>
internal sealed class KeptBlock : IDisposable
{
    /// <summary>Allocates for so many images at most.</summary>
    /// <param name="shape">Of the block.</param>
    /// <param name="images">How many.</param>
    /// <param name="keepsOutputs">Whether there are LayerScales.</param>
    public KeptBlock(BlockShape shape, int images, bool keepsOutputs)
    {
        long rows = LearningMemory.Rows(shape, images);
        Attention = new KeptBranch(shape, images, keepsOutputs);
        Mlp = new KeptBranch(shape, images, keepsOutputs);
        Qkv = new NativeFloats(rows * 3 * shape.Width);
        Weights = new NativeFloats((long)images * shape.Heads * LearningAttention.WeightFloats(shape.Tokens));
        Attended = new NativeFloats(rows * shape.Width);
        Hidden = new NativeFloats(rows * shape.Hidden);
        Slope = new NativeFloats(rows * shape.Hidden);
    }

    /// <summary>Of the attention's branch.</summary>
    public KeptBranch Attention { get; }

    /// <summary>Of the MLP's branch.</summary>
    public KeptBranch Mlp { get; }

    /// <summary>Queries, keys and values (rows, 3D).</summary>
    public NativeFloats Qkv { get; }

    /// <summary>Attention weights, image by image and head by head.</summary>
    public NativeFloats Weights { get; }

    /// <summary>What the heads give (rows, D).</summary>
    public NativeFloats Attended { get; }

    /// <summary>The MLP's hidden layer (rows, hidden).</summary>
    public NativeFloats Hidden { get; }

    /// <summary>The derivative of its GELU (rows, hidden); in the backward pass, the gradient of what went into it.</summary>
    public NativeFloats Slope { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[Attention, Mlp, Qkv, Weights, Attended, Hidden, Slope])
        {
            part.Dispose();
        }
    }
}
