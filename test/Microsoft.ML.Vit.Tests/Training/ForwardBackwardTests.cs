using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class ForwardBackwardTests
{
    private const int Images = 7;

    [TestCleanup]
    public void OneThreadAgain() => set_num_threads(1);

    public static IEnumerable<object[]> Networks() =>
        from config in TinyConfig.Switches().Where(c => c.Classes > 0)
        from threads in (int[])[1, 2, 3]
        select new object[] { config, threads };

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void DividedBatchHasTheGradientsOfTheWhole(VitConfig config, int threads)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        (Tensor input, Tensor labels) = Data(config, generator);

        network.train();
        Tensor logits = network.forward(input);
        Tensor loss = F.cross_entropy(logits, labels, label_smoothing: 0.1);
        loss.backward();
        Tensor[] expected = [.. parameters.Select(p => p.Value.grad!.clone())];
        Gradients.Clear(parameters);

        set_num_threads(threads);
        using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, microBatch: 2);
        (Tensor dividedLogits, Tensor dividedLoss) = divided.Run(input, labels, seed: 1);
        Assert.IsLessThan(1e-5, (dividedLogits - logits).abs().max().item<float>());
        Assert.AreEqual(loss.item<float>(), dividedLoss.item<float>(), 1e-6f);
        foreach (((string name, Parameter parameter), Tensor gradient) in parameters.Zip(expected))
        {
            Assert.IsLessThan(1e-5 * Math.Max(1, gradient.abs().max().item<float>()), (parameter.grad! - gradient).abs().max().item<float>(), name);
        }
    }

    [TestMethod]
    [DataRow(VitStem.PatchProjection)]
    [DataRow(VitStem.Convolutions)]
    public void SecondRunAddsToTheGradientsOfTheFirst(VitStem stem)
    {
        VitConfig config = TinyConfig.Value with { Stem = stem };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        (Tensor input, Tensor labels) = Data(config, generator);
        network.train();
        set_num_threads(2);
        using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, microBatch: 2);
        divided.Run(input, labels, seed: 1);
        Tensor[] once = [.. parameters.Select(p => p.Value.grad!.clone())];
        divided.Run(input, labels, seed: 1);
        foreach (((string name, Parameter parameter), Tensor gradient) in parameters.Zip(once))
        {
            Assert.IsLessThan(1e-5, (parameter.grad! - 2 * gradient).abs().max().item<float>(), name);
        }
    }

    [TestMethod]
    public void SeedDecidesWhatIsDroppedWhateverTheThreads()
    {
        VitConfig config = TinyConfig.Value with { Dropout = 0.2, AttentionDropout = 0.1, DropPath = 0.5 };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        (Tensor input, Tensor labels) = Data(config, generator);
        network.train();

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
    public void FrozenStemAndBlocksGetNoGradients()
    {
        VitConfig config = TinyConfig.Value with { Stem = VitStem.Convolutions };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        Freezing.Apply(network, 1, false);
        (string Name, Parameter Value)[] learning = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];
        (Tensor input, Tensor labels) = Data(config, generator);
        network.train();
        set_num_threads(2);
        using var divided = new ForwardBackward(network, learning, LossSum, CPU, CancellationToken.None, microBatch: 2);
        divided.Run(input, labels, seed: 1);
        string[] with = [.. network.named_parameters().Where(p => p.parameter.grad is not null).Select(p => p.name)];
        CollectionAssert.AreEquivalent(learning.Select(p => p.Name).ToArray(), with);
    }

    [TestMethod]
    public void FailureInOneThreadIsThrownAndLeavesNothing()
    {
        VitConfig config = TinyConfig.Value;
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        network.train();
        set_num_threads(2);
        int calls = 0;
        using var failing = new ForwardBackward(
            network, parameters, (logits, labels) => Interlocked.Increment(ref calls) % 3 == 2 ? throw new InvalidDataException("no") : LossSum(logits, labels), CPU, CancellationToken.None, microBatch: 1);

        void RunOnce()
        {
            using var scope = NewDisposeScope();
            (Tensor input, Tensor labels) = Data(config, generator);
            Assert.ThrowsExactly<InvalidDataException>(() => failing.Run(input, labels, seed: 1));
        }
        RunOnce();
        Assert.AreEqual(0, Leaks.TensorsLeft(RunOnce));
    }

    [TestMethod]
    public void RunsLeaveNoTensors()
    {
        VitConfig config = TinyConfig.Value with { Stem = VitStem.Convolutions };
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        network.train();
        set_num_threads(2);
        using var divided = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, microBatch: 2);

        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var scope = NewDisposeScope();
                (Tensor input, Tensor labels) = Data(config, generator);
                divided.Run(input, labels, seed: i);
                Gradients.Clear(parameters);
            }
        }
        Steps(2);
        Assert.AreEqual(Leaks.TensorsLeft(() => Steps(1)), Leaks.TensorsLeft(() => Steps(5)));
    }

    [TestMethod]
    [DataRow(128, 16, 2, 8)]
    [DataRow(5, 2, 2, 3)]
    [DataRow(1, 16, 4, 1)]
    [DataRow(3, 2, 8, 3)]
    [DataRow(128, int.MaxValue, 1, 1)]
    public void PartsAreWholeEvenAndNoLargerThanAsked(int images, int size, int threads, int parts)
    {
        Range[] all = [.. MicroBatches.Divide(images, size, threads).SelectMany(share => share)];
        Assert.HasCount(parts, all);
        int at = 0;
        foreach (Range part in all)
        {
            Assert.AreEqual(at, part.Start.Value);
            at = part.End.Value;
            Assert.IsTrue(at - part.Start.Value is int n && n >= 1 && n <= size);
        }
        Assert.AreEqual(images, at);
    }

    private static Tensor LossSum(Tensor logits, Tensor labels) => F.cross_entropy(logits, labels, reduction: nn.Reduction.Sum, label_smoothing: 0.1);

    private static (Tensor Input, Tensor Labels) Data(VitConfig config, Generator generator) =>
        (randn([Images, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator), arange(Images, ScalarType.Int64) % config.Classes);
}
