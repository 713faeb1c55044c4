using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Batching;

/// <summary>The options about pixels and order, through the trainer.</summary>
[TestClass]
public class BoundedTrainingTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void PixelsInAFileTrainTheSameModel()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        VitOptions options = TestImages.TinyOptions with { Epochs = 2, ValidationFraction = 0.25 };
        float[] inMemory = Scores(data, options);
        CollectionAssert.AreEqual(inMemory, Scores(data, options with { PixelCacheBytes = 0 }));
        CollectionAssert.AreEqual(inMemory, Scores(data, options with { PixelCacheBytes = 60_000 }));
    }

    [TestMethod]
    public void ValidationAndTrainingPixelsMayBothLieInTheFile()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView data = EstimatorConformanceTests.Keyed(ml, 24);
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 2, PixelCacheBytes = 0 }).Fit(data, data);
        Assert.AreEqual(2, model.History.Count(epoch => epoch.ValidationLoss > 0));
        Assert.HasCount(1, log.Where(line => line.Contains("temporary file")));
    }

    [TestMethod]
    public void TheShareOfWaitingIsMeasuredAndLogged()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        // Every augmentation takes a thousandth of a second, which the tiny network does not.
        VitOptions options = TestImages.TinyOptions with { Epochs = 2, Augmentations = [new WatchedAugmentation { At = _ => Thread.Sleep(1) }] };
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(EstimatorConformanceTests.Keyed(ml, 24));
        Assert.IsTrue(model.History.All(epoch => epoch.InputWaitShare is > 0 and <= 1));
        Assert.HasCount(2, log.Where(line => line.Contains("waited for images")));
    }

    [TestMethod]
    public void RareClassesAreSeenAsOftenAsOthersWhereSamplingIsBalanced()
    {
        // Reds come 16 times as often as greens and blues.
        IDataView data = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(96).Where((row, i) => row.Label == "red" || i < 6));
        data = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
        var counted = new WatchedAugmentation();
        VitOptions options = TestImages.TinyOptions with { BalancedSampling = true, Epochs = 20, Augmentations = [counted] };
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        Assert.AreEqual(20 * 36, counted.Calls);
        IDataView fresh = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(30, seed: 2));
        fresh = s_ml.Transforms.Conversion.MapValueToKey("Label", keyData: s_ml.Data.LoadFromEnumerable(TestImages.Pixels(3).Select(row => new { row.Label }))).Fit(fresh).Transform(fresh);
        Assert.AreEqual(1, s_ml.MulticlassClassification.Evaluate(model.Transform(fresh)).MacroAccuracy, 0.1);
    }

    [TestMethod]
    public void RepeatedImagesLeaveAnEpochAsLongAsTheData()
    {
        var counted = new WatchedAugmentation();
        VitOptions options = TestImages.TinyOptions with { RepeatedAugmentations = 3, Epochs = 2, Augmentations = [counted] };
        s_ml.MulticlassClassification.Trainers.Vit(options).Fit(EstimatorConformanceTests.Keyed(s_ml, 25)).Dispose();
        Assert.AreEqual(50, counted.Calls);
    }

    [TestMethod]
    public void NonsenseIsReported()
    {
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            s_ml.MulticlassClassification.Trainers.Vit(new VitOptions { PixelCacheBytes = -1, RepeatedAugmentations = 0 }));
        StringAssert.Contains(e.Message, "PixelCacheBytes is -1");
        StringAssert.Contains(e.Message, "RepeatedAugmentations is 0");
    }

    private static float[] Scores(IDataView data, VitOptions options)
    {
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        return [.. model.Transform(data).GetColumn<float[]>("Score").SelectMany(scores => scores)];
    }
}
