namespace Microsoft.ML.Vit.Cores;

/// <summary>The memory in which a few images pass through a packed network; nothing is allocated on the way. For one user at a time: a thread with several images, or several threads that share one image.</summary>
internal sealed unsafe class NetworkPass : IDisposable
{
    private readonly PackedNetwork _network;
    private readonly CoreBarrier? _barrier;
    private readonly StemPass _stem;
    private readonly BlockPass _blocks;
    private readonly NativeFloats _pooled;
    private readonly NativeFloats _logits;

    /// <summary>Allocates for so many images at most.</summary>
    /// <param name="network">The weights.</param>
    /// <param name="images">With several threads: one.</param>
    /// <param name="threads">How many threads share the image.</param>
    public NetworkPass(PackedNetwork network, int images, int threads = 1)
    {
        _network = network;
        Images = images;
        _barrier = threads == 1 ? null : new CoreBarrier(threads);
        _stem = new StemPass(network.Stem, threads, _barrier);
        _blocks = new BlockPass(network.Shape, images, threads, _barrier);
        long rows = images + MatrixKernel.Rows - 1; // products are done for whole tiles of rows
        _pooled = new NativeFloats(rows * network.Readout.PooledLength);
        _logits = new NativeFloats(rows * network.Readout.LogitsLength);
    }

    /// <summary>The most images.</summary>
    public int Images { get; }

    /// <summary>Scores images. With several threads each calls it, and all wait for each other.</summary>
    /// <param name="pixels">The images, one after the other.</param>
    /// <param name="isFloat">Floats, else bytes.</param>
    /// <param name="images">How many.</param>
    /// <param name="vectors">Receives one vector an image.</param>
    /// <param name="thread">Which of the threads calls.</param>
    public void Run(ReadOnlySpan<byte> pixels, bool isFloat, int images, Span<float> vectors, int thread = 0)
    {
        int bytes = pixels.Length / images;
        for (int image = 0; image < images; image++)
        {
            _stem.Run(pixels.Slice(image * bytes, bytes), isFloat, _blocks.TokensOf(image), thread);
        }
        _blocks.Run(_network.Blocks, images, thread);
        _barrier?.Wait();
        if (thread == 0)
        {
            _network.Readout.Apply(_blocks.TokensOf(0), images, _pooled.Pointer, _logits.Pointer, vectors);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[_stem, _blocks, _pooled, _logits])
        {
            part.Dispose();
        }
    }
}
