using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Cores;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>The blocks' own forward and backward pass against libtorch's autograd.</summary>
[TestClass]
public sealed class CorePassTests
{
    private const int Images = 5;

    private static readonly VitConfig s_config = new() { ImageSize = 16, PatchSize = 4, Width = 64, Depth = 3, Heads = 2, Classes = 3 };

    [TestInitialize]
    public void Require() => VectorKernels.Require();

    [TestCleanup]
    public void OneThreadAgain() => set_num_threads(1);

    public static IEnumerable<object[]> Networks()
    {
        VitConfig[] configs =
        [
            s_config,
            s_config with { Heads = 1 },
            s_config with { Heads = 4, QkvBias = false },
            s_config with { Width = 128, MlpRatio = 2.5, RegisterTokens = 2, Pooling = VitPooling.Mean },
            s_config with { Width = 192, Heads = 2, MlpRatio = 1 },
            s_config with { LayerScale = 0.3 },
            s_config with { DropPath = 0.6 },
            s_config with { DropPath = 0.6, LayerScale = 0.3, PatchDropout = 0.4 },
            s_config with { Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean },
            s_config with { Distillation = VitDistillation.TokenAndHead, NormEpsilon = 1e-5 },
            s_config with { Width = 768, Depth = 1, Heads = 12 },
        ];
        return from config in configs from threads in (int[])[1, 2] select new object[] { config, threads };
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void GradientsAreThoseOfAutograd(VitConfig config, int threads)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using VisionTransformer network = Network(config, generator);
        Assert.IsTrue(LearningBlocks.CanTrain(network));
        set_num_threads(threads);
        AssertSameGradients(network, [.. network.named_parameters()], generator);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TrainingTakesThePathOfAutograd(bool muon)
    {
        VitOptimizer options = muon ? new MuonOptimizer() : new AdamWOptimizer { LearningRate = 1e-3 };
        float[] Losses(bool recompute)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(5);
            using VisionTransformer network = Network(s_config with { DropPath = 0.2 }, generator);
            (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
            (Tensor input, Tensor labels) = Data(network.Config, generator);
            using IOptimizer optimizer = options.Build(parameters);
            set_num_threads(2);
            using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, recompute, microBatch: 2);
            float Step(int step)
            {
                float loss = divided.Run(input, labels, seed: step).Loss.item<float>();
                Gradients.ClipNorm(parameters, 1);
                optimizer.Step(1);
                Gradients.Clear(parameters);
                return loss;
            }
            return [.. Enumerable.Range(0, 20).Select(Step)];
        }
        float[] expected = Losses(recompute: true), found = Losses(recompute: false);
        for (int step = 0; step < expected.Length; step++)
        {
            Assert.AreEqual(expected[step], found[step], (muon ? 1e-3 : 1e-4) * expected[step], $"loss of step {step}");
        }
        Assert.IsLessThan(0.9 * expected[0], expected[^1]);
    }

    [TestMethod]
    public void LongSequencesAreForTheAttentionThatKeepsNoWeights()
    {
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config with { ImageSize = 26, PatchSize = 1 }, generator); // 677 tokens
        Assert.IsFalse(LearningBlocks.CanTrain(network));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void MoreImagesThanPassTogetherHaveTheSameGradients(int frozenBlocks)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config with { ImageSize = 32, PatchSize = 2, DropPath = 0.5 }, generator); // 257 tokens: two images together
        Freezing.Apply(network, frozenBlocks, false);
        AssertSameGradients(network, [.. network.named_parameters().Where(p => p.parameter.requires_grad)], generator, microBatch: Images);
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(3, false)]
    [DataRow(0, true)]
    public void FrozenPartsGetNoGradients(int frozenBlocks, bool onlyClassifier)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config, generator);
        Freezing.Apply(network, frozenBlocks, onlyClassifier);
        (string Name, Parameter Value)[] learning = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];
        AssertSameGradients(network, learning, generator);
        Assert.AreEqual(0, network.named_parameters().Count(p => !p.parameter.requires_grad && p.parameter.grad is not null));
    }

    [TestMethod]
    public void SingleFrozenParametersAreLeftOut()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config with { LayerScale = 0.3 }, generator);
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            parameter.requires_grad = !name.EndsWith("bias", StringComparison.Ordinal) && !name.Contains("ls2", StringComparison.Ordinal) && name != "blocks.1.mlp.fc1.weight" && !name.EndsWith("norm2.weight", StringComparison.Ordinal);
        }
        AssertSameGradients(network, [.. network.named_parameters().Where(p => p.parameter.requires_grad)], generator);
    }

    [TestMethod]
    public void SeedDecidesWhatIsDroppedWhateverTheThreads()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config with { DropPath = 0.5 }, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        (Tensor input, Tensor labels) = Data(network.Config, generator);
        float[] Logits(int threads, long seed)
        {
            using var inner = NewDisposeScope();
            set_num_threads(threads);
            using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, microBatch: 1);
            return divided.Run(input, labels, seed).Logits.data<float>().ToArray();
        }
        CollectionAssert.AreEqual(Logits(1, 3), Logits(2, 3));
        CollectionAssert.AreNotEqual(Logits(1, 3), Logits(1, 4));
    }

    [TestMethod]
    public void EqualRunsGiveEqualBitsAndLeaveNoTensors()
    {
        using var generator = new Generator(5);
        using VisionTransformer network = Network(s_config with { DropPath = 0.5, LayerScale = 0.1 }, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        set_num_threads(2);
        using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, microBatch: 2);
        float[][] Step(int images)
        {
            using var scope = NewDisposeScope();
            using var data = new Generator(9);
            (Tensor input, Tensor labels) = Data(network.Config, data);
            divided.Run(input.narrow(0, 0, images), labels.narrow(0, 0, images), seed: 4);
            float[][] gradients = [.. parameters.Select(p => p.Value.grad!.data<float>().ToArray())];
            Gradients.Clear(parameters);
            return gradients;
        }
        float[][] first = Step(Images);
        Step(1); // another batch's remains are not to matter
        foreach ((float[] one, float[] other) in first.Zip(Step(Images)))
        {
            CollectionAssert.AreEqual(one, other);
        }
        Assert.AreEqual(Leaks.TensorsLeft(() => Step(Images)), Leaks.TensorsLeft(() => Array.ForEach(new int[4], _ => Step(Images))));
    }

    [TestMethod]
    public void WhatItCannotExpressIsLeftToLibtorch()
    {
        VitConfig[] configs =
        [
            s_config with { Width = 48 }, s_config with { Heads = 8 }, s_config with { QkNorm = true }, s_config with { SwiGlu = true }, s_config with { Activation = VitActivation.Relu },
            s_config with { Dropout = 0.1 }, s_config with { AttentionDropout = 0.1 },
        ];
        foreach (VitConfig config in configs)
        {
            using var network = new VisionTransformer(config, null);
            Assert.IsFalse(LearningBlocks.CanTrain(network), config.ToString());
        }
        using var half = new VisionTransformer(s_config, null) { ComputeType = ScalarType.BFloat16 };
        Assert.IsFalse(LearningBlocks.CanTrain(half));
    }

    /// <summary>Two runs that add up, against the same by way of recomputation, whose blocks go through autograd.</summary>
    private static void AssertSameGradients(VisionTransformer network, (string Name, Parameter Value)[] learning, Generator generator, int microBatch = 2)
    {
        (Tensor input, Tensor labels) = Data(network.Config, generator);
        (Tensor Logits, Tensor Loss, Tensor[] Gradients) Run(bool recompute)
        {
            using var divided = new ForwardBackward(network, learning, LossSum, CPU, CancellationToken.None, recompute, microBatch);
            (Tensor logits, Tensor loss) = divided.Run(input, labels, seed: 3);
            divided.Run(input, labels, seed: 4); // adds
            Tensor[] gradients = [.. learning.Select(p => p.Value.grad!.clone())];
            Gradients.Clear(learning);
            return (logits, loss, gradients);
        }
        var expected = Run(recompute: true);
        var found = Run(recompute: false);
        Assert.IsLessThan(2e-6 * (1 + expected.Logits.abs().max().item<float>()), (found.Logits - expected.Logits).abs().max().item<float>());
        Assert.AreEqual(expected.Loss.item<float>(), found.Loss.item<float>(), 2e-6f);
        for (int i = 0; i < learning.Length; i++)
        {
            double size = expected.Gradients[i].abs().max().item<float>(), error = (expected.Gradients[i] - found.Gradients[i]).abs().max().item<float>();
            Assert.IsLessThan(1e-5 * Math.Max(size, 1e-3), error, $"{learning[i].Name}: {error:e1} of {size:e1}");
        }
    }

    private static VisionTransformer Network(VitConfig config, Generator generator)
    {
        var network = new VisionTransformer(config, generator);
        using var noGradients = no_grad();
        foreach ((_, Parameter parameter) in network.named_parameters())
        {
            using Tensor noise = randn(parameter.shape, generator: generator);
            parameter.add_(noise, alpha: 0.1 / Math.Sqrt(Math.Max(1, parameter.shape[^1] / 64.0))); // biases, scales and shifts that matter
        }
        network.train();
        return network;
    }

    private static Tensor LossSum(Tensor logits, Tensor labels) => F.cross_entropy(logits, labels, reduction: nn.Reduction.Sum, label_smoothing: 0.1);

    private static (Tensor Input, Tensor Labels) Data(VitConfig config, Generator generator) =>
        (randn([Images, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator), arange(Images, ScalarType.Int64) % config.Classes);
}
