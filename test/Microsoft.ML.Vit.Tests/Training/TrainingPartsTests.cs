using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>What the parts of a recipe do to a whole training.</summary>
[TestClass]
public sealed class TrainingPartsTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    /// <summary>Without augmentation and by SGD, so that equal gradients are equal weights but for rounding.</summary>
    private static readonly VitOptions s_plain = TestImages.TinyOptions with { Augmentations = [], Mixing = new BatchMixing { Probability = 0 }, Optimizer = new SgdOptimizer { LearningRate = 0.05 }, Epochs = 3 };

    [TestMethod]
    public void AccumulatedBatchesStepAsOneBatchDoes()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        using VitTransformer whole = Fit(s_plain with { BatchSize = 8 }, data);
        using VitTransformer parts = Fit(s_plain with { BatchSize = 2, GradientAccumulation = 4 }, data);
        Assert.AreEqual(whole.History[^1].TrainingLoss, parts.History[^1].TrainingLoss, 1e-4);
        Assert.AreEqual(whole.History[^1].LearningRate, parts.History[^1].LearningRate, 1e-9);
        using VitTransformer single = Fit(s_plain with { BatchSize = 2 }, data);
        Assert.AreNotEqual(whole.History[^1].TrainingLoss, single.History[^1].TrainingLoss, 1e-3);
    }

    [TestMethod]
    public void BalancedWeightsHelpTheRareClass()
    {
        // 15 red to one blue, so like each other that the prior decides.
        IEnumerable<PixelRow> Rows(int red, int blue) => Noisy(red, "red", 120, 1).Concat(Noisy(blue, "blue", 128, 2));
        IDataView data = Keyed(Rows(300, 20)), balanced = Keyed(Rows(200, 200));
        VitOptions options = s_plain with { BatchSize = 32, Epochs = 8, Optimizer = new AdamWOptimizer { LearningRate = 3e-3 } };
        double Recall(ClassWeights? weights)
        {
            using VitTransformer model = Fit(options with { ClassWeights = weights }, data);
            return s_ml.MulticlassClassification.Evaluate(model.Transform(balanced)).ConfusionMatrix.PerClassRecall[1];
        }
        double plain = Recall(null), weighted = Recall(ClassWeights.Balanced), named = Recall(ClassWeights.Of(new Dictionary<string, double> { ["blue"] = 15 }));
        Assert.IsGreaterThan(plain + 0.2, weighted);
        Assert.AreEqual(weighted, named, 0.1, "300 / 20 is 15");
    }

    [TestMethod]
    public void WeightsHaveMeanOneOverTheImagesAndKnowTheirClasses()
    {
        CollectionAssert.AreEqual(new[] { 0.5f, 2f, 2f / 1 }, ClassWeights.Balanced.For(["a", "b", "c"], [4, 1, 1]).ToArray());
        float[] named = ClassWeights.Of(new Dictionary<string, double> { ["b"] = 3 }).For(["a", "b"], [2, 2]);
        CollectionAssert.AreEqual(new[] { 0.5f, 1.5f }, named);
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Fit(s_plain with { ClassWeights = ClassWeights.Of(new Dictionary<string, double> { ["rde"] = 2 }) }, EstimatorConformanceTests.Keyed(s_ml, 9)).Dispose());
        StringAssert.Contains(e.Message, "'rde', which is not a class; the classes are");
    }

    [TestMethod]
    public void MixedTrainingLearnsAndIsSeeded()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        VitOptions options = TestImages.TinyOptions with { Mixing = new BatchMixing(), Epochs = 10, LabelSmoothing = 0.1 };
        using VitTransformer first = Fit(options, data), second = Fit(options, data);
        Assert.IsGreaterThan(0.9, s_ml.MulticlassClassification.Evaluate(first.Transform(data)).MicroAccuracy);
        CollectionAssert.AreEqual(first.History.Select(epoch => epoch.TrainingLoss).ToArray(), second.History.Select(epoch => epoch.TrainingLoss).ToArray());
    }

    [TestMethod]
    public void NonsenseInThePartsIsReported()
    {
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions
        {
            GradientAccumulation = 0,
            WeightAverage = new ExponentialMovingAverage(1),
            Mixing = new BatchMixing { MixupAlpha = 0, CutMixAlpha = 0, Probability = 2 },
            ClassWeights = ClassWeights.Of(new Dictionary<string, double> { ["a"] = -1 }),
            Optimizer = new MuonOptimizer { LayerDecay = 0, AdamW = new AdamWOptimizer { LayerDecay = 0.5 } },
        }));
        foreach (string expected in new[] { "GradientAccumulation is 0", "Decay is 1", "Probability is 2", "expected one of them above 0", "-1 for 'a'", "LayerDecay is 0;", "AdamW.LayerDecay is 0.5" })
        {
            StringAssert.Contains(e.Message, expected);
        }
    }

    private static VitTransformer Fit(VitOptions options, IDataView data) => s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data);

    private static IDataView Keyed(IEnumerable<PixelRow> rows)
    {
        IDataView data = s_ml.Data.LoadFromEnumerable(rows);
        return s_ml.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence).Fit(data).Transform(data);
    }

    private static IEnumerable<PixelRow> Noisy(int count, string label, int level, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            float[] pixels = new float[3 * 16 * 16];
            int shade = level + random.Next(-12, 13);
            for (int p = 0; p < pixels.Length; p++)
            {
                pixels[p] = shade + random.Next(-10, 11);
            }
            yield return new PixelRow { Label = label, Features = pixels, Number = i };
        }
    }
}
