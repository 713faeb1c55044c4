using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Scoring;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class PackedNetworkTests
{
    private static readonly VitConfig s_config = new() { ImageSize = 24, PatchSize = 4, Width = 64, Depth = 3, Heads = 4, MlpRatio = 2, Classes = 5 };

    private readonly CoreThreads _threads = new(3);

    [TestInitialize]
    public void NeedsVectors() => VectorKernels.Require();

    [TestCleanup]
    public void EndThreads() => _threads.Dispose();

    public static IEnumerable<object[]> Networks => new[]
    {
        s_config,
        s_config with { Heads = 2, QkvBias = false, NormEpsilon = 1e-3, Classes = 70 },
        s_config with { LayerScale = 0.3, RegisterTokens = 2, Pooling = VitPooling.Mean },
        s_config with { Pooling = VitPooling.NormalizedMean, Positions = VitPositions.FixedSinCos, PatchSize = new PixelSize(8, 4) },
        s_config with { Pooling = VitPooling.ClassTokenAndMean, ClassTokenHasPosition = false },
        s_config with { Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean, Width = 128 },
        s_config with { Stem = VitStem.Convolutions, ImageSize = 40, PatchSize = 8 }, // 16 and 32 channels on the way
        s_config with { ImageSize = 4, Distillation = VitDistillation.TokenAndHead }, // three tokens
    }.Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void VectorsAreThoseOfTheNetwork(VitConfig config)
    {
        using VisionTransformer network = Network(config);
        foreach (VitEmbedding? embedding in Enum.GetValues<VitEmbedding>().Cast<VitEmbedding?>().Prepend(null).Where(e => e is null || Embedding.Problem(e.Value, config) is null))
        {
            using PackedNetwork packed = Pack(network, embedding);
            foreach (bool isFloat in new[] { false, true })
            {
                byte[] pixels = Pixels(config, isFloat, 7);
                float[] expected = Expected(network, embedding, isFloat, pixels), vectors = new float[7 * packed.Readout.Length];
                packed.Score(pixels, isFloat, 7, vectors);
                AssertClose(expected, vectors, $"{embedding}, {isFloat}");
                packed.Score(pixels.AsMemory(0, pixels.Length / 7), isFloat, 1, vectors);
                AssertClose(expected, vectors, $"{embedding}, {isFloat}, one image");
            }
        }
    }

    [TestMethod]
    public void AThreadThatScoredDoesNotKeepADisposedNetwork()
    {
        using VisionTransformer network = Network(s_config);
        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference ScoreAndDispose(int images)
        {
            using PackedNetwork packed = Pack(network);
            packed.Score(Pixels(s_config, isFloat: false, images), isFloat: false, images, new float[images * packed.Readout.Length]);
            return new WeakReference(packed);
        }
        // The last one may still stand on the stack of a thread that waits for more.
        WeakReference[] packed = [.. Enumerable.Range(0, 10).Select(i => ScoreAndDispose(1 + i % 2))];
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.IsLessThan(3, packed.Count(one => one.IsAlive));
    }

    [TestMethod]
    public void AnImagesScoresDoNotDependOnTheImagesBesideIt()
    {
        using VisionTransformer network = Network(s_config);
        using PackedNetwork packed = Pack(network);
        const int Images = 300; // more than pass at once
        byte[] pixels = Pixels(s_config, false, Images);
        float[] together = new float[Images * s_config.Classes];
        packed.Score(pixels, false, Images, together);
        foreach (int image in new[] { 0, 1, 150, Images - 1 })
        {
            CollectionAssert.AreEqual(together.AsSpan(image * s_config.Classes, s_config.Classes).ToArray(), Score(packed, pixels, image), $"image {image}");
        }
    }

    [TestMethod]
    public void ManyThreadsAtOnceGetTheSame()
    {
        using VisionTransformer network = Network(s_config);
        using PackedNetwork packed = Pack(network);
        byte[] pixels = Pixels(s_config, false, 8);
        float[][] expected = [.. Enumerable.Range(0, 8).Select(image => Score(packed, pixels, image))];
        Parallel.For(0, 64, i => CollectionAssert.AreEqual(expected[i % 8], Score(packed, pixels, i % 8)));
    }

    [TestMethod]
    public void WhatItCannotExpressIsLeftToTheNetwork()
    {
        foreach (VitConfig config in new[]
        {
            s_config with { Width = 48 }, s_config with { Heads = 8 }, s_config with { QkNorm = true }, s_config with { SwiGlu = true }, s_config with { Activation = VitActivation.Relu },
            s_config with { HeadHiddenSize = 64 },
        })
        {
            using var network = new VisionTransformer(config, null);
            Assert.IsNull(PackedNetwork.Of(network, Planes(config), null, _threads), config.ToString());
        }
        using var half = new VisionTransformer(s_config, null) { ComputeType = ScalarType.BFloat16 };
        Assert.IsNull(PackedNetwork.Of(half, Planes(s_config), null, _threads));
    }

    [TestMethod]
    public void DisposingTwiceIsSafeAndFreesTheMemory()
    {
        VitConfig config = s_config with { Width = 512, MlpRatio = 4 }; // 3 blocks of 12 MB
        using VisionTransformer network = Network(config);
        byte[] pixels = Pixels(config, false, 1);
        void PackAndFree()
        {
            PackedNetwork packed = Pack(network);
            Score(packed, pixels, 0);
            packed.Dispose();
            packed.Dispose();
        }
        PackAndFree();
        long before = Leaks.ResidentMemory();
        for (int i = 0; i < 20; i++)
        {
            PackAndFree();
        }
        Assert.IsLessThan(150L << 20, Leaks.ResidentMemory() - before);
        PackedNetwork disposed = Pack(network);
        disposed.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Score(disposed, Pixels(config, false, 2), 0, 2));
    }

    private static VisionTransformer Network(VitConfig config)
    {
        using var generator = new Generator(1);
        var network = new VisionTransformer(config, generator);
        network.eval();
        using var noGradients = no_grad();
        foreach ((string name, Tensor value) in network.State().Where(value => value.Name.StartsWith("patch_embed.norms", StringComparison.Ordinal)))
        {
            value.copy_(rand(value.shape, generator: generator) + 0.5); // no longer the identity
        }
        return network;
    }

    private PackedNetwork Pack(VisionTransformer network, VitEmbedding? embedding = null) => PackedNetwork.Of(network, Planes(network.Config), embedding, _threads) ?? throw new AssertFailedException("It is not packed.");

    private static Preprocessing Preprocessing(VitConfig config) => new() { Size = config.ImageSize };

    private static PixelPlanes Planes(VitConfig config)
    {
        using var normalizer = new InputNormalizer(Preprocessing(config), CPU);
        return new PixelPlanes(normalizer.Scale, normalizer.Shift, config.ImageSize.Height * config.ImageSize.Width);
    }

    private static byte[] Pixels(VitConfig config, bool isFloat, int images)
    {
        byte[] pixels = new byte[images * ImageShape.Of(Preprocessing(config), isFloat: false).Bytes];
        new Random(1).NextBytes(pixels);
        return isFloat ? MemoryMarshal.AsBytes<float>(pixels.Select(value => (float)value).ToArray()).ToArray() : pixels;
    }

    private static float[] Expected(VisionTransformer network, VitEmbedding? embedding, bool isFloat, byte[] pixels)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var normalizer = new InputNormalizer(Preprocessing(network.Config), CPU);
        ImageShape shape = ImageShape.Of(Preprocessing(network.Config), isFloat);
        Tensor batch = shape.NewBatch(pixels.Length / shape.Bytes);
        pixels.CopyTo(batch.bytes);
        Tensor images = normalizer.Apply(batch);
        return (embedding is { } e ? Embedding.Of(network, images, e) : ScoringModel.Probabilities(network, images)).contiguous().data<float>().ToArray();
    }

    private static float[] Score(PackedNetwork packed, byte[] pixels, int image, int count = 1)
    {
        float[] vector = new float[count * packed.Readout.Length];
        int bytes = s_config.Channels * s_config.ImageSize.Height * s_config.ImageSize.Width;
        packed.Score(pixels.AsMemory(image * bytes, count * bytes), false, count, vector);
        return vector;
    }

    private static void AssertClose(float[] expected, float[] vectors, string what)
    {
        for (int i = 0; i < vectors.Length; i++)
        {
            Assert.AreEqual(expected[i], vectors[i], 2e-5, $"{what}, value {i}");
        }
    }
}
