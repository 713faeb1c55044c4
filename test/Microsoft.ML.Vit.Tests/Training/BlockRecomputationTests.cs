using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class BlockRecomputationTests
{
    private const int Images = 5;

    [TestCleanup]
    public void OneThreadAgain() => set_num_threads(1);

    public static IEnumerable<object[]> Networks() =>
        from config in TinyConfig.Switches().Where(c => c.Classes > 0)
        from drops in (bool[])[false, true]
        select new object[] { drops ? config with { Dropout = 0.2, AttentionDropout = 0.1, DropPath = 0.5 } : config };

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void GradientsAreThoseWithoutRecomputation(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        set_num_threads(2);
        AssertSameGradients(network, [.. network.named_parameters()], generator);
    }

    [TestMethod]
    public void BFloat16GradientsAreThoseWithoutRecomputation()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(TinyConfig.Value with { DropPath = 0.5 }, generator) { ComputeType = ScalarType.BFloat16 };
        AssertSameGradients(network, [.. network.named_parameters()], generator);
    }

    [TestMethod]
    [DataRow(0, true)]
    [DataRow(1, false)]
    [DataRow(2, false)]
    public void FrozenPartsGetNoGradients(int frozenBlocks, bool onlyClassifier)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(TinyConfig.Value, generator);
        Freezing.Apply(network, frozenBlocks, onlyClassifier);
        (string Name, Parameter Value)[] learning = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];
        AssertSameGradients(network, learning, generator);
    }

    [TestMethod]
    public void RunsLeaveNoTensors()
    {
        VitConfig config = TinyConfig.Value with { Stem = VitStem.Convolutions, DropPath = 0.5 };
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        using var recomputing = new ForwardBackward(network, parameters, LossSum, CPU, CancellationToken.None, recompute: true, microBatch: 2);

        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var scope = NewDisposeScope();
                (Tensor input, Tensor labels) = Data(config, generator);
                recomputing.Run(input, labels, seed: i);
                Gradients.Clear(parameters);
            }
        }
        Steps(2);
        Assert.AreEqual(Leaks.TensorsLeft(() => Steps(1)), Leaks.TensorsLeft(() => Steps(5)));
    }

    /// <summary>The same operations on the same numbers in the same order: equal to the last bit but for the order of sums.</summary>
    private static void AssertSameGradients(VisionTransformer network, (string Name, Parameter Value)[] learning, Generator generator)
    {
        (Tensor input, Tensor labels) = Data(network.Config, generator);
        (Tensor Logits, Tensor Loss, Tensor[] Gradients) Run(bool recompute)
        {
            using var divided = new ForwardBackward(network, learning, LossSum, CPU, CancellationToken.None, recompute, microBatch: 2);
            (Tensor logits, Tensor loss) = divided.Run(input, labels, seed: 3);
            Tensor[] gradients = [.. learning.Select(p => p.Value.grad!.clone())];
            Gradients.Clear(learning);
            return (logits, loss, gradients);
        }
        var kept = Run(recompute: false);
        var recomputed = Run(recompute: true);
        Assert.AreEqual(0f, (kept.Logits - recomputed.Logits).abs().max().item<float>());
        Assert.AreEqual(kept.Loss.item<float>(), recomputed.Loss.item<float>());
        for (int i = 0; i < learning.Length; i++)
        {
            float size = kept.Gradients[i].abs().max().item<float>();
            Assert.IsLessThan(1e-6f * Math.Max(1, size), (kept.Gradients[i] - recomputed.Gradients[i]).abs().max().item<float>(), learning[i].Name);
        }
    }

    private static Tensor LossSum(Tensor logits, Tensor labels) => F.cross_entropy(logits, labels, reduction: nn.Reduction.Sum);

    private static (Tensor Input, Tensor Labels) Data(VitConfig config, Generator generator) =>
        (randn([Images, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator), arange(Images, ScalarType.Int64) % config.Classes);
}
