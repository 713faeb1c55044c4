using System.Collections.Concurrent;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// A whole network for scoring in float32 on a CPU with 512-bit vectors: weights packed once, everything between two products fused with one of them, no operation of libtorch on the way. An image's result
/// does not depend on the images that are scored with it, to the last bit. Holds a second copy of the weights. Safe for many threads at once.
/// </summary>
internal sealed class PackedNetwork : IDisposable
{
    /// <summary>
    /// Operations of an image that are worth waking the other threads for, about 3 ms of one core. SmallImage32 has 0.16e9: by one thread it takes 1.1 ms; shared between two 0.7 to 0.8 ms where both are
    /// awake, and 2.5 to 3.5 ms where one has to wake up, as for calls that come one by one.
    /// </summary>
    private const double LeastShared = 0.5e9;

    private readonly CoreThreads _threads;
    private readonly int _images;
    private readonly ConcurrentStack<NetworkPass> _passes = []; // of one thread; a ConcurrentBag would stay reachable from the threads that used it
    private readonly Lazy<NetworkPass> _shared; // of all core threads, which one caller has at a time

    private PackedNetwork(VisionTransformer network, PackedStem stem, PackedReadout readout, CoreThreads threads)
    {
        VitConfig config = network.Config;
        (Stem, Readout, _threads) = (stem, readout, threads);
        Shape = BlockShape.Of(config);
        Blocks = [.. network.Blocks.Select(block => new PackedBlock(block))];
        _images = MicroBatches.Size(config);
        _shared = new Lazy<NetworkPass>(() => new NetworkPass(this, 1, threads.Count));
    }

    /// <summary>From pixels to tokens.</summary>
    public PackedStem Stem { get; }

    /// <summary>The sizes of the blocks.</summary>
    public BlockShape Shape { get; }

    /// <summary>The blocks, in their order.</summary>
    public IReadOnlyList<PackedBlock> Blocks { get; }

    /// <summary>From tokens to vectors.</summary>
    public PackedReadout Readout { get; }

    /// <summary>Packs a network; null where processor or architecture need the general way.</summary>
    /// <param name="network">On the CPU, in evaluation mode; its weights are copied.</param>
    /// <param name="planes">How pixels become its input.</param>
    /// <param name="embedding">Which vector it gives; null for a classifier's probabilities.</param>
    /// <param name="threads">Those that divide a batch, or share a single image, while they are free.</param>
    public static PackedNetwork? Of(VisionTransformer network, PixelPlanes planes, VitEmbedding? embedding, CoreThreads threads)
    {
        VitConfig config = network.Config;
        if (!BlockShape.Of(config).SuitsKernels || network.ComputeType != ScalarType.Float32 || !network.Blocks.All(PackedBlock.CanPack))
        {
            return null;
        }
        PackedStem? stem = PackedStem.Of(network, planes);
        PackedReadout? readout = PackedReadout.Of(network, embedding);
        if (stem is not null && readout is not null)
        {
            return new PackedNetwork(network, stem, readout, threads);
        }
        stem?.Dispose();
        readout?.Dispose();
        return null;
    }

    /// <summary>Scores images: by the caller's thread and the core threads, or while these work for another caller by the caller's alone.</summary>
    /// <param name="pixels">The images, one after the other.</param>
    /// <param name="isFloat">Floats, else bytes.</param>
    /// <param name="count">How many.</param>
    /// <param name="vectors">Receives one vector an image, one after the other.</param>
    public void Score(ReadOnlyMemory<byte> pixels, bool isFloat, int count, Memory<float> vectors)
    {
        int bytes = pixels.Length / count, next = -1;
        _threads.Share((thread, threads) =>
        {
            if (count == 1 && threads > 1)
            {
                _shared.Value.Run(pixels.Span, isFloat, 1, vectors.Span, thread);
                return;
            }
            IReadOnlyList<Range> parts = MicroBatches.Parts(count, _images, threads);
            NetworkPass pass = _passes.TryPop(out NetworkPass? used) ? used : new NetworkPass(this, _images);
            for (int part = Interlocked.Increment(ref next); part < parts.Count; part = Interlocked.Increment(ref next))
            {
                (int start, int images) = parts[part].GetOffsetAndLength(count);
                pass.Run(pixels.Span.Slice(start * bytes, images * bytes), isFloat, images, vectors.Span.Slice(start * Readout.Length, images * Readout.Length));
            }
            _passes.Push(pass);
        }, isShort: count * Shape.Operations * Blocks.Count < LeastShared);
    }

    /// <summary>Frees weights and memory. Not while it scores.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IEnumerable<IDisposable>)[.. _passes, .. Blocks, Stem, Readout])
        {
            part.Dispose();
        }
        if (_shared.IsValueCreated)
        {
            _shared.Value.Dispose();
        }
    }
}
