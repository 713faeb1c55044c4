using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class TrainingLoopTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void ALossThatIsNoNumberNamesItsStep()
    {
        // The first step, of two batches, throws the weights out of all bounds.
        VitOptions options = TestImages.TinyOptions with { GradientAccumulation = 2, GradientClipNorm = null, WarmupFraction = 0, Optimizer = new SgdOptimizer { LearningRate = 1e30 } };
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => s_ml.MulticlassClassification.Trainers.Vit(options).Fit(EstimatorConformanceTests.Keyed(s_ml, 48)));
        StringAssert.Contains(e.Message, "in step 2 (epoch 1, batch 3)");
        StringAssert.Contains(e.Message, "LearningRate is 1E+30");
    }

    [TestMethod]
    public void TheSecondsOfAnEpochAreThoseSinceTheTrainingBegan()
    {
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Progress = new EpochCallback(_ => Thread.Sleep(30)) }).Fit(EstimatorConformanceTests.Keyed(s_ml, 24));
        Assert.IsTrue(model.History[0].ElapsedSeconds > 0);
        foreach ((EpochMetrics one, EpochMetrics next) in model.History.Zip(model.History.Skip(1)))
        {
            Assert.IsGreaterThan(0.03, next.ElapsedSeconds - one.ElapsedSeconds);
        }
    }

    [TestMethod]
    public void WhatProgressTakesCountsToNoEpoch()
    {
        const int Images = 24, Seconds = 3;
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Progress = new EpochCallback(_ => Thread.Sleep(TimeSpan.FromSeconds(Seconds))) })
            .Fit(EstimatorConformanceTests.Keyed(s_ml, Images));
        Assert.IsGreaterThan(1, model.History.Count);
        Assert.IsGreaterThan((double)Images / Seconds, model.History[1].ImagesPerSecond);
    }
}
