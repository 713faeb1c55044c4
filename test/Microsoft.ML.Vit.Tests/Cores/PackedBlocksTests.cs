using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class PackedBlocksTests
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
        s_config with { Heads = 2, QkvBias = false, NormEpsilon = 1e-3 },
        s_config with { LayerScale = 0.3, RegisterTokens = 2, Pooling = VitPooling.Mean },
        s_config with { Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean, Width = 128 },
        s_config with { ImageSize = 4, Distillation = VitDistillation.TokenAndHead }, // three tokens
    }.Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void ScoresAreThoseOfTheBlocks(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var generator = new Generator(1);
        using VisionTransformer network = Network(config, generator);
        Tensor images = randn([7, 3, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
        Tensor expected = network.forward(images), features = network.ForwardFeatures(images);
        network.BlocksProduct = PackedBlocks.Of(network, _threads);
        Assert.IsNotNull(network.BlocksProduct);
        Assert.IsLessThan(1e-5, network.forward(images).LargestDifference(expected));
        Assert.IsLessThan(1e-5, network.ForwardFeatures(images).LargestDifference(features));
        Assert.IsLessThan(1e-5, network.forward(images.narrow(0, 2, 1)).LargestDifference(expected.narrow(0, 2, 1)));
    }

    [TestMethod]
    public void AnImagesTokensDoNotDependOnTheImagesBesideIt()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using VisionTransformer network = Network(s_config, generator);
        using PackedBlocks blocks = PackedBlocks.Of(network, _threads)!;
        const int Images = 300; // more than pass at once
        Tensor tokens = randn([Images, s_config.Tokens, s_config.Width], generator: generator);
        Tensor together = blocks.Apply(tokens.clone());
        foreach (int image in new[] { 0, 1, 150, Images - 1 })
        {
            Assert.IsTrue(blocks.Apply(tokens.narrow(0, image, 1).clone()).IsSameAs(together.narrow(0, image, 1)), $"image {image}");
        }
    }

    [TestMethod]
    public void ManyThreadsAtOnceGetTheSame()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using VisionTransformer network = Network(s_config, generator);
        using PackedBlocks blocks = PackedBlocks.Of(network, _threads)!;
        Tensor tokens = randn([8, s_config.Tokens, s_config.Width], generator: generator);
        Tensor expected = blocks.Apply(tokens.clone());
        Parallel.For(0, 64, i =>
        {
            using var own = NewDisposeScope();
            Assert.IsTrue(blocks.Apply(tokens.narrow(0, i % 8, 1).clone()).IsSameAs(expected.narrow(0, i % 8, 1)));
        });
    }

    [TestMethod]
    public void WhatItCannotExpressIsLeftToTheBlocks()
    {
        foreach (VitConfig config in new[] { s_config with { Width = 48 }, s_config with { Heads = 8 }, s_config with { QkNorm = true }, s_config with { SwiGlu = true }, s_config with { Activation = VitActivation.Relu } })
        {
            using var network = new VisionTransformer(config, null);
            Assert.IsNull(PackedBlocks.Of(network, _threads), config.ToString());
        }
        using var half = new VisionTransformer(s_config, null) { ComputeType = ScalarType.BFloat16 };
        Assert.IsNull(PackedBlocks.Of(half, _threads));
    }

    [TestMethod]
    public void DisposingTwiceIsSafeAndFreesTheMemory()
    {
        using var network = new VisionTransformer(s_config with { Width = 512, MlpRatio = 4 }, null); // 3 blocks of 12 MB
        void PackAndFree()
        {
            PackedBlocks blocks = PackedBlocks.Of(network, _threads)!;
            using Tensor tokens = zeros(1, s_config.Tokens, 512);
            blocks.Apply(tokens).Dispose();
            blocks.Dispose();
            blocks.Dispose();
        }
        PackAndFree();
        long before = Leaks.ResidentMemory();
        for (int i = 0; i < 20; i++)
        {
            PackAndFree();
        }
        Assert.IsLessThan(150L << 20, Leaks.ResidentMemory() - before);
        Assert.ThrowsExactly<ObjectDisposedException>(() =>
        {
            PackedBlocks blocks = PackedBlocks.Of(network, _threads)!;
            blocks.Dispose();
            using Tensor tokens = zeros(1, s_config.Tokens, 512);
            blocks.Apply(tokens);
        });
    }

    private static VisionTransformer Network(VitConfig config, Generator generator)
    {
        var network = new VisionTransformer(config, generator);
        network.eval();
        return network;
    }
}
