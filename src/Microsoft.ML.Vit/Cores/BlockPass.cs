namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// The memory in which a few images pass through the blocks, each block's steps one after the other over tokens that stay in the core's cache; nothing is allocated on the way. For one user at a time:
/// a thread with several images, or several threads that share one image's tokens.
/// </summary>
internal sealed unsafe class BlockPass : IDisposable
{
    private readonly BlockShape _shape;
    private readonly NativeFloats _tokens; // x (rows, D), the residual stream
    private readonly NativeFloats _branch; // (rows, D), what a branch reads
    private readonly NativeFloats[] _qkv; // (rows, 3D), of even and of odd blocks
    private readonly NativeFloats _hidden; // (rows, hidden)
    private readonly AttentionKernel[] _attention; // one a thread
    private readonly CoreBarrier? _barrier;

    /// <summary>Allocates for so many images at most.</summary>
    /// <param name="shape">Of the blocks.</param>
    /// <param name="images">With several threads: one.</param>
    /// <param name="threads">How many threads share the tokens.</param>
    /// <param name="barrier">Where several wait for each other.</param>
    public BlockPass(BlockShape shape, int images, int threads = 1, CoreBarrier? barrier = null)
    {
        _shape = shape;
        _barrier = barrier;
        long rows = (long)images * shape.Tokens + MatrixKernel.Rows - 1; // products are done for whole tiles of rows
        _tokens = new NativeFloats(rows * shape.Width);
        _branch = new NativeFloats(rows * shape.Width);
        _hidden = new NativeFloats(rows * Math.Max(shape.Hidden, 3 * shape.Width));
        // A single thread has read queries, keys and values before it writes the hidden layer. Of several, one may be a block ahead of the others.
        _qkv = threads == 1 ? [_hidden, _hidden] : [new NativeFloats(rows * 3 * shape.Width), new NativeFloats(rows * 3 * shape.Width)];
        _attention = [.. Enumerable.Range(0, threads).Select(_ => new AttentionKernel(shape.Tokens, shape.HeadSize))];
    }

    /// <summary>Threads that share the tokens.</summary>
    public int Threads => _attention.Length;

    /// <summary>An image's tokens (T, D), before and after; five rows more may be written after the last image's.</summary>
    public float* TokensOf(int image) => _tokens.Pointer + ((long)image * _shape.Tokens * _shape.Width);

    /// <summary>Passes the first images' tokens through the blocks. With several threads each calls it, and all wait for each other.</summary>
    /// <param name="blocks">In their order.</param>
    /// <param name="images">How many.</param>
    /// <param name="thread">Which of the threads calls.</param>
    public void Run(IReadOnlyList<PackedBlock> blocks, int images, int thread = 0)
    {
        (int from, int count) = RowShare.Of(images * _shape.Tokens, thread, Threads);
        float* tokens = _tokens.Pointer + (long)from * _shape.Width, branch = _branch.Pointer + (long)from * _shape.Width;
        float* hidden = _hidden.Pointer + (long)from * _shape.Hidden;
        for (int i = 0; i < blocks.Count; i++)
        {
            PackedBlock block = blocks[i];
            float* qkv = _qkv[i % 2].Pointer;
            block.Norm1.Apply(tokens, count, branch);
            block.Qkv.Multiply(branch, count, qkv + (long)from * 3 * _shape.Width);
            _barrier?.Wait(); // attention reads the keys and values of all tokens
            Attend(qkv, images, from, count, thread);
            block.Projection.Multiply(branch, count, tokens, addsToY: true);
            block.Norm2.Apply(tokens, count, branch);
            block.Fc1.Multiply(branch, count, hidden, gelu: true);
            block.Fc2.Multiply(hidden, count, tokens, addsToY: true);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[_tokens, _branch, .. _qkv, _hidden, .. _attention])
        {
            part.Dispose();
        }
    }

    /// <summary>All heads of all images, or of the one image for the tokens of a thread. Image after image, because the rows that follow an image's last are overwritten.</summary>
    private void Attend(float* qkv, int images, int from, int count, int thread)
    {
        AttentionKernel kernel = _attention[thread];
        int width = _shape.Width, stride = 3 * width, queries = Threads == 1 ? _shape.Tokens : count;
        for (int image = 0; image < images; image++)
        {
            long row = (long)image * _shape.Tokens;
            for (int head = 0; head < _shape.Heads; head++)
            {
                float* first = qkv + row * stride + head * _shape.HeadSize;
                kernel.Take(first + width, first + 2 * width, stride);
                kernel.Attend(first + (long)from * stride, stride, queries, _branch.Pointer + (row + from) * width + head * _shape.HeadSize, width);
            }
        }
    }
}
