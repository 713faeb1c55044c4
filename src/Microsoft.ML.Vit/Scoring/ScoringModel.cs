using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>
/// A trained network, ready to score from many threads at once. Native memory is freed by the last of: <see cref="Dispose"/>, and the scorings under way
/// when it is called.
/// </summary>
internal sealed class ScoringModel : IDisposable
{
    private readonly InputNormalizer _normalizer;
    private readonly VitEmbedding? _embedding;
    private readonly CoreThreads? _given;
    private readonly Lazy<PackedNetwork?> _packed;
    private readonly Lock _gate = new();
    private int _users;
    private bool _disposed;

    /// <summary>Takes over the network, which lies on the device already, in evaluation mode from now on.</summary>
    /// <param name="network">The network.</param>
    /// <param name="preprocessing">How pixels become its input.</param>
    /// <param name="device">Where it lies.</param>
    /// <param name="embedding">Which vector it gives for an image; null for a classifier's <see cref="Probabilities"/>.</param>
    /// <param name="threads">Those that divide a batch on a CPU; null for the process's.</param>
    public ScoringModel(VisionTransformer network, Preprocessing preprocessing, Device device, VitEmbedding? embedding, CoreThreads? threads = null)
    {
        _given = threads;
        _embedding = embedding;
        Network = network;
        Preprocessing = preprocessing;
        Device = device;
        _normalizer = new InputNormalizer(preprocessing, device);
        network.eval();
        // When it first scores: a model that is only saved, or explained, needs no second copy of its weights.
        _packed = new Lazy<PackedNetwork?>(() => device.type == DeviceType.CPU ? PackedNetwork.Of(network, Planes(), embedding, Threads) : null);
    }

    /// <summary>The network; used only while it is held by <see cref="Use"/>.</summary>
    public VisionTransformer Network { get; }

    /// <summary>Pixels to its input; used only while the network is held.</summary>
    public InputNormalizer Normalizer => _normalizer;

    /// <summary>How pixels become its input.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>Where it lies.</summary>
    public Device Device { get; }

    /// <summary>Those that divide a batch; the process's are started for the first.</summary>
    private CoreThreads Threads => _given ?? CoreThreads.Shared;

    /// <summary>The output of a classifier: the softmax of its logits.</summary>
    public static Tensor Probabilities(VisionTransformer network, Tensor images) => nn.functional.softmax(network.forward(images), dim: 1);

    /// <summary>Scores one batch, on a CPU divided among the cores.</summary>
    /// <param name="pixels">count images of the shape, one after the other.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="count">How many.</param>
    /// <param name="vectors">Receives one vector an image, one after the other.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Score(byte[] pixels, ImageShape shape, int count, float[] vectors) => Use(_ =>
    {
        if (_packed.Value is { } packed)
        {
            packed.Score(pixels.AsMemory(0, count * shape.Bytes), shape.IsFloat, count, vectors);
        }
        else
        {
            ScoreByLibtorch(pixels, shape, count, vectors);
        }
    });

    /// <summary>Computes by the network, on a CPU on one of the <see cref="ScoringThreads"/>.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Compute(Action<VisionTransformer> action)
    {
        if (Device.type == DeviceType.CPU)
        {
            Use(network => ScoringThreads.Run(() => action(network)));
        }
        else
        {
            Use(action);
        }
    }

    /// <summary>Each core takes its images through the network by itself.</summary>
    private void ScoreByLibtorch(byte[] pixels, ImageShape shape, int count, float[] vectors) => Compute(network =>
    {
        int threads = Device.type == DeviceType.CPU && count > 1 ? Threads.Count : 1;
        IReadOnlyList<Range> parts = threads == 1 ? [new Range(0, count)] : MicroBatches.Parts(count, MicroBatches.Size(network.Config), threads);
        int next = -1;

        void ScoreParts(int thread)
        {
            for (int part = Interlocked.Increment(ref next); part < parts.Count; part = Interlocked.Increment(ref next))
            {
                ScorePart(pixels, shape, parts[part], vectors);
            }
        }

        if (threads == 1 || !Threads.TryForEach(ScoreParts))
        {
            ScoreParts(0);
        }
    });

    private void ScorePart(byte[] pixels, ImageShape shape, Range part, float[] vectors)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        int start = part.Start.Value, count = part.End.Value - start;
        Tensor images = _normalizer.Apply(pixels.AsSpan(start * shape.Bytes, count * shape.Bytes), shape, count);
        Tensor output = (_embedding is { } embedding ? Embedding.Of(Network, images, embedding) : Probabilities(Network, images)).cpu().contiguous();
        int length = (int)output.size(1);
        output.data<float>().CopyTo(vectors.AsSpan(start * length, count * length));
    }

    /// <summary>Does something with the network that must not be cut short by a disposal, saving for example.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Use(Action<VisionTransformer> action)
    {
        Enter();
        try
        {
            action(Network);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Frees the network once nobody scores with it any more; may be called twice.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            if (_users > 0)
            {
                return;
            }
        }
        Free();
    }

    private void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _users++;
        }
    }

    private void Leave()
    {
        bool last;
        lock (_gate)
        {
            last = --_users == 0 && _disposed;
        }
        if (last)
        {
            Free();
        }
    }

    private PixelPlanes Planes() => new(_normalizer.Scale, _normalizer.Shift, Preprocessing.Size.Height * Preprocessing.Size.Width);

    private void Free()
    {
        if (_packed.IsValueCreated)
        {
            _packed.Value?.Dispose();
        }
        Network.Dispose();
        _normalizer.Dispose();
    }
}
