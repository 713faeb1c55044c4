namespace Microsoft.ML.Vit.Cores;

/// <summary>The memory in which a thread passes a few images forward and backward through the blocks, one block after the other; allocated once.</summary>
internal sealed class LearningMemory : IDisposable
{
    /// <summary>Allocates for so many images at most.</summary>
    /// <param name="shape">Of the blocks.</param>
    /// <param name="images">How many.</param>
    /// <param name="panel">Of the thread's products.</param>
    public LearningMemory(BlockShape shape, int images, NativeFloats panel)
    {
        long rows = Rows(shape, images);
        Shape = shape;
        Images = images;
        Panel = panel;
        Tokens = new NativeFloats(rows * shape.Width);
        Gradient = new NativeFloats(rows * shape.Width);
        Branch = new NativeFloats(rows * shape.Width);
        Upstream = new NativeFloats(rows * shape.Width);
        Qkv = new NativeFloats(rows * 3 * shape.Width);
        Attention = new LearningAttention(shape.Tokens, shape.HeadSize);
    }

    /// <summary>Of the blocks.</summary>
    public BlockShape Shape { get; }

    /// <summary>The most images.</summary>
    public int Images { get; }

    /// <summary>Columns of weights or activations that a product reads.</summary>
    public NativeFloats Panel { get; }

    /// <summary>x (rows, D), the residual stream.</summary>
    public NativeFloats Tokens { get; }

    /// <summary>The gradient of x (rows, D).</summary>
    public NativeFloats Gradient { get; }

    /// <summary>What a branch reads, or its gradient (rows, D).</summary>
    public NativeFloats Branch { get; }

    /// <summary>The gradient of what a branch gives (rows, D), where it is not that of x.</summary>
    public NativeFloats Upstream { get; }

    /// <summary>The gradients of queries, keys and values (rows, 3D).</summary>
    public NativeFloats Qkv { get; }

    /// <summary>The attention of one head.</summary>
    public LearningAttention Attention { get; }

    /// <summary>Rows of so many images' tokens, and those after them that whole tiles and whole vectors of tokens read and write.</summary>
    public static long Rows(BlockShape shape, int images) => ((long)images * shape.Tokens) + MatrixKernel.Lanes;

    /// <summary>Frees it, but for the panel.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[Tokens, Gradient, Branch, Upstream, Qkv, Attention])
        {
            part.Dispose();
        }
    }
}
