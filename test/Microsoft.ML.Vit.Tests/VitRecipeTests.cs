using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests;

/// <summary>The recipes as values against the papers they follow, and as trainings of a few steps.</summary>
[TestClass]
public sealed class VitRecipeTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void EveryRecipeIsSoundOnceItHasItsStart()
    {
        foreach (PropertyInfo property in typeof(VitRecipe).GetProperties(BindingFlags.Public | BindingFlags.Static))
        {
            var recipe = (VitOptions)property.GetValue(null)!;
            bool tunes = property.Name is nameof(VitRecipe.FineTune) or nameof(VitRecipe.Probe);
            Assert.IsNotNull(s_ml.MulticlassClassification.Trainers.Vit(tunes ? recipe with { WarmStart = "m.zip" } : recipe), property.Name);
        }
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(VitRecipe.Probe));
        StringAssert.Contains(e.Message, nameof(VitOptions.WarmStart));
    }

    [TestMethod]
    public void ScratchSmallIsTheDefaults()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions Short(VitOptions options) => options with { Epochs = 2, Seed = 1, Device = "cpu" };
        using VitTransformer recipe = Fit(data, Short(VitRecipe.ScratchSmall), out _), defaults = Fit(data, Short(new VitOptions()), out _);
        CollectionAssert.AreEqual(defaults.History.Select(epoch => epoch.TrainingLoss).ToArray(), recipe.History.Select(epoch => epoch.TrainingLoss).ToArray());
        Assert.AreEqual(defaults.Model, recipe.Model);
        Assert.AreEqual(VitStem.Convolutions, recipe.Model.Stem);
    }

    [TestMethod]
    public void DeitIsThatOfItsPaper()
    {
        VitOptions deit = VitRecipe.Deit;
        double imagesAStep = deit.BatchSize!.Value * deit.GradientAccumulation;
        var optimizer = (AdamWOptimizer)deit.Optimizer!;
        Assert.AreEqual(5e-4 * imagesAStep / 512, optimizer.LearningRate);
        Assert.AreEqual(1e-5, optimizer.LearningRate * deit.FinalLearningRateFraction, 1e-12);
        Assert.AreEqual((0.05, 0.9, 0.999, 1e-8, 1.0), (optimizer.WeightDecay, optimizer.Beta1, optimizer.Beta2, optimizer.Epsilon, optimizer.LayerDecay));
        Assert.AreEqual((300, 5.0), (deit.Epochs!.Value, Math.Round(deit.Epochs.Value * deit.WarmupFraction, 9)));
        Assert.AreEqual((0.1, 0.0, 0.0, 224), (deit.Model!.DropPath, deit.Model.Dropout, deit.Model.AttentionDropout, deit.Model.ImageSize.Height));
        Assert.AreEqual((384, 12, 6), (deit.Model.Width, deit.Model.Depth, deit.Model.Heads));
        Assert.IsTrue(deit.Model.HasClassToken && deit.Model.Pooling == VitPooling.ClassToken);
        Assert.AreEqual((0.8, 1.0, 1.0, 0.5), (deit.Mixing!.MixupAlpha, deit.Mixing.CutMixAlpha, deit.Mixing.Probability, deit.Mixing.CutMixProbability));
        Assert.AreEqual((0.1, 3, 0.99996), (deit.LabelSmoothing, deit.RepeatedAugmentations, deit.WeightAverage!.Decay));
        Assert.IsNull(deit.GradientClipNorm);
        CollectionAssert.AreEqual(
            new VitAugmentation[]
            {
                new RandomResizedCrop(MinArea: 0.08, MaxArea: 1, MinAspect: 3.0 / 4, MaxAspect: 4.0 / 3),
                new HorizontalFlip(0.5),
                new RandAugment(Magnitude: 9, MagnitudeStd: 0.5, Operations: 2, Probability: 0.5, Increasing: true),
                new RandomErasing(Probability: 0.25, MinArea: 0.02, MaxArea: 1.0 / 3, Fill: ErasingFill.Noise),
            },
            deit.Augmentations!.ToArray());
    }

    [TestMethod]
    public void DeitTrains()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions deit = VitRecipe.Deit with { Model = TestImages.TinyModel with { DropPath = 0.1 }, BatchSize = 4, GradientAccumulation = 2, Epochs = 1, Seed = 1, Device = "cpu" };
        using VitTransformer model = Fit(data, deit, out _);
        EpochMetrics only = model.History.Single();
        Assert.IsTrue(double.IsFinite(only.TrainingLoss) && only.TrainingLoss > 0, $"{only.TrainingLoss}");
        // Three steps, of which the last ends two thirds of the way down.
        Assert.AreEqual(5e-4 * Schedule.Factor(2.0 / 3, 5.0 / 300, 1, 0.02, 1.0 / 3), only.LearningRate, 1e-9);
    }

    [TestMethod]
    public void FineTuneAndProbeTrainWhatTheySay()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        using (VitTransformer start = Fit(data, TestImages.TinyOptions with { Epochs = 1 }, out _))
        {
            s_ml.Model.Save(start, data.Schema, folder["start.zip"]);
        }
        Dictionary<string, byte[]> before = SavedWeights.OfZip(folder["start.zip"]);
        foreach ((VitOptions recipe, bool classifierOnly) in new[] { (VitRecipe.FineTune, false), (VitRecipe.Probe, true) })
        {
            using VitTransformer tuned = Fit(data, recipe with { WarmStart = folder["start.zip"], Epochs = 1, BatchSize = 8, Seed = 1, Device = "cpu" }, out IReadOnlyList<string> log);
            s_ml.Model.Save(tuned, data.Schema, folder["tuned.zip"]);
            Dictionary<string, byte[]> after = SavedWeights.OfZip(folder["tuned.zip"]);
            string[] changed = [.. before.Keys.Where(name => !before[name].AsSpan().SequenceEqual(after[name])).Order(StringComparer.Ordinal)];
            if (classifierOnly)
            {
                CollectionAssert.AreEqual(new[] { "head.bias", "head.weight" }, changed);
                Assert.Contains(line => line.Contains("computed once"), log);
            }
            else
            {
                CollectionAssert.AreEquivalent(before.Keys, changed);
            }
        }
        // What MAE prescribes for ViT-B and 256 images a step, at 128.
        Assert.AreEqual(new AdamWOptimizer { LearningRate = 5e-4 * 128 / 256, WeightDecay = 0.05, Beta1 = 0.9, Beta2 = 0.999, LayerDecay = 0.75 }, VitRecipe.FineTune.Optimizer);
    }

    private static VitTransformer Fit(IDataView data, VitOptions options, out IReadOnlyList<string> log)
    {
        var ml = new MLContext(seed: 1);
        var lines = new ConcurrentQueue<string>();
        ml.Log += (_, e) => lines.Enqueue(e.Message);
        VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        log = [.. lines];
        return model;
    }
}
