using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Pretraining;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Pretraining;

[TestClass]
public sealed class PretrainingLoopTests
{
    private static readonly VitConfig s_config = TinyConfig.Value with { Channels = 1, Pooling = VitPooling.Mean, HasClassToken = false };

    public static IEnumerable<object[]> Stems => [[VitStem.PatchProjection], [VitStem.Convolutions]];

    [TestMethod]
    [DynamicData(nameof(Stems))]
    public void LossFallsAsTheNetworkLearnsWhatHiddenPatchesLookLike(VitStem stem)
    {
        IReadOnlyList<double> losses = Run(s_config with { Stem = stem }, epochs: 15, seed: 1, out _);
        Assert.HasCount(15, losses);
        Assert.IsGreaterThan(0.95, losses[0]);
        Assert.IsLessThan(0.6, losses[^1], string.Join(' ', losses));
    }

    [TestMethod]
    public void SeedDecidesEverything()
    {
        VitConfig config = s_config with { DropPath = 0.2, Dropout = 0.1 };
        IReadOnlyList<double> losses = Run(config, 2, seed: 1, out float[] weights);
        CollectionAssert.AreEqual(losses.ToArray(), Run(config, 2, seed: 1, out float[] same).ToArray());
        CollectionAssert.AreEqual(weights, same);
        CollectionAssert.AreNotEqual(losses.ToArray(), Run(config, 2, seed: 2, out float[] other).ToArray());
        CollectionAssert.AreNotEqual(weights, other);
    }

    [TestMethod]
    public void LossThatIsNoNumberIsReportedWithItsStep()
    {
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(
            () => Run(s_config, 5, seed: 1, out _, new SgdOptimizer { LearningRate = 1e30 }));
        StringAssert.Contains(e.Message, "pre-training loss became");
        StringAssert.Contains(e.Message, "step 2");
    }

    [TestMethod]
    public void SetsAreSpreadEvenlyOverAnEpochAndEveryImageIsSeenOnce()
    {
        ImageSubset few = StripeImages.Of(16, 10, label: 0), many = StripeImages.Of(16, 29, label: 1);
        TrainingBatches[] sets = [new(new EpochOrder(few), 5, [], new RandomStreams(1), default), new(new EpochOrder(many), 5, [], new RandomStreams(2), default)];
        var labels = new List<long[]>();
        foreach (Batch batch in PretrainingLoop.InTurn(1, sets))
        {
            labels.Add(batch.Labels.data<long>().ToArray());
            batch.Dispose();
        }
        CollectionAssert.AreEqual(new long[] { 1, 0, 1, 1, 1, 0, 1, 1 }, labels.Select(batch => batch.Distinct().Single()).ToArray());
        Assert.AreEqual(10, labels.Sum(batch => batch.Count(label => label == 0)));
        Assert.AreEqual(29, labels.Sum(batch => batch.Count(label => label == 1)));
    }

    [TestMethod]
    public void EpochsLeaveNoTensors()
    {
        Run(s_config, 1, seed: 1, out _);
        Assert.AreEqual(Leaks.TensorsLeft(() => Run(s_config, 1, seed: 1, out _)), Leaks.TensorsLeft(() => Run(s_config, 6, seed: 1, out _)));
    }

    private static IReadOnlyList<double> Run(VitConfig config, int epochs, int seed, out float[] weights, VitOptimizer? optimizer = null)
    {
        using var generator = new torch.Generator(5);
        using var network = new VisionTransformer(config, generator);
        using var normalizer = new InputNormalizer(new Preprocessing { Size = config.ImageSize, Channels = 1 }, torch.CPU);
        TrainingPlan plan = new()
        {
            Epochs = epochs, Budget = null, BatchSize = 16, ScoringBatchSize = 16, Optimizer = optimizer ?? new MuonOptimizer { LearningRate = 0.01, AdamW = new AdamWOptimizer { LearningRate = 0.01 } },
            WarmupFraction = 0.1, FinalLearningRateFraction = 0, GradientClipNorm = 1, LabelSmoothing = 0, ClassWeights = null, GradientAccumulation = 1, WeightAverage = null,
            Mixing = null, Augmentations = [], RepeatedAugmentations = 1, BalancedSampling = false, GradientCheckpointing = false, CancelledReturnsBest = false, FreezesBackbone = false, EarlyStoppingPatience = null,
        };
        var loop = new PretrainingLoop(network, normalizer, new MaskedAutoencoderPretraining { MaskRatio = 0.5 }, plan, new RandomStreams(seed), _ => { }, CancellationToken.None);
        IReadOnlyList<double> losses = loop.Run([StripeImages.Of(config.ImageSize.Height, 64, label: 0)]);
        weights = [.. network.State().SelectMany(entry => entry.Tensor.data<float>().ToArray())];
        return losses;
    }
}
