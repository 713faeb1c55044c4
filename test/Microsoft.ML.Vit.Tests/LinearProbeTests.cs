using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public sealed class LinearProbeTests
{
    /// <summary>A network of each head and of each way to the patches, whose classifier alone is trained.</summary>
    public static IEnumerable<object[]> Models() => new VitConfig[]
    {
        TestImages.TinyModel,
        TestImages.TinyModel with { Stem = VitStem.Convolutions },
        TestImages.TinyModel with { HasClassToken = true, Pooling = VitPooling.ClassTokenAndMean, HeadHiddenSize = 8 },
        TestImages.TinyModel with { HasClassToken = true, Pooling = VitPooling.ClassToken, Distillation = VitDistillation.TokenAndHead },
    }.Select(model => new object[] { model });

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void FeaturesComputedOnceTrainTheSameClassifierAsImagesDo(VitConfig model)
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.RawMessage);
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(ml, 36);
        using (VitTransformer start = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = model, Epochs = 1 }).Fit(data))
        {
            ml.Model.Save(start, data.Schema, folder["start.zip"]);
        }
        VitOptions probe = VitRecipe.Probe with { WarmStart = folder["start.zip"], Epochs = 5, BatchSize = 8, Seed = 3, Device = "cpu", ValidationSet = data };
        log.Clear();
        using VitTransformer cached = ml.MulticlassClassification.Trainers.Vit(probe).Fit(data);
        Assert.ContainsSingle(line => line.Contains("computed once"), log);
        // A flip of no image is an augmentation all the same, so that every epoch runs the images.
        log.Clear();
        using VitTransformer plain = ml.MulticlassClassification.Trainers.Vit(probe with { Augmentations = [new HorizontalFlip(0)] }).Fit(data);
        Assert.DoesNotContain(line => line.Contains("computed once"), log);

        foreach ((EpochMetrics one, EpochMetrics other) in cached.History.Zip(plain.History))
        {
            Assert.AreEqual(other.TrainingLoss, one.TrainingLoss, 1e-4);
            Assert.AreEqual(other.ValidationLoss!.Value, one.ValidationLoss!.Value, 1e-4);
        }
        Assert.AreNotEqual(cached.History[0].TrainingLoss, cached.History[^1].TrainingLoss);
        float[][] Scores(VitTransformer trained) => [.. trained.Transform(data).GetColumn<float[]>("Score")];
        foreach ((float[] one, float[] other) in Scores(cached).Zip(Scores(plain)))
        {
            foreach ((float a, float b) in one.Zip(other))
            {
                Assert.AreEqual(b, a, 1e-4f);
            }
        }
    }
}
