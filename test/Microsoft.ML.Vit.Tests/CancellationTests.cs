using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests;

/// <summary>What a cancelled training ends with.</summary>
[TestClass]
public sealed class CancellationTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void TheBestEpochIsReturnedWhereItWasValidated()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        IDataView validation = s_ml.Data.TakeRows(data, 12);
        // A rate that grows destructive late: the last epochs are worse than the best.
        VitOptions options = TestImages.TinyOptions with { Epochs = 12, WarmupFraction = 1, Optimizer = new SgdOptimizer { LearningRate = 3 } };
        using var token = new CancellationTokenSource();
        using VitTransformer model = Trainer(options with { CancellationBehavior = VitCancellation.ReturnBest, CancellationToken = token.Token, Progress = At(11, token) }).Fit(data, validation);
        Assert.AreEqual(11, model.History.Count);
        EpochMetrics best = model.History.OrderByDescending(m => m.ValidationAccuracy).ThenBy(m => m.ValidationLoss).First();
        MulticlassClassificationMetrics metrics = s_ml.MulticlassClassification.Evaluate(model.Transform(validation));
        Assert.AreEqual(best.ValidationAccuracy!.Value, metrics.MicroAccuracy, 1e-9);
        Assert.AreEqual(best.ValidationLoss!.Value, metrics.LogLoss, 1e-4);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void TheWeightsAsTheyAreAreReturnedWhereNothingWasValidated(bool isAveraged)
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        // A schedule without an end of its own, so that two epochs of four are what two of two would have been.
        VitOptions options = TestImages.TinyOptions with
        {
            Optimizer = new SgdOptimizer { LearningRate = 0.01 },
            WarmupFraction = 0,
            FinalLearningRateFraction = 1,
            WeightAverage = isAveraged ? new ExponentialMovingAverage(0.9) : null,
        };
        using var token = new CancellationTokenSource();
        using VitTransformer cancelled = Trainer(options with { Epochs = 4, CancellationBehavior = VitCancellation.ReturnBest, CancellationToken = token.Token, Progress = At(2, token) }).Fit(data);
        using VitTransformer whole = Trainer(options with { Epochs = 2 }).Fit(data);
        Assert.AreEqual(2, cancelled.History.Count);
        CollectionAssert.AreEqual(Scores(whole, data), Scores(cancelled, data));
    }

    [TestMethod]
    public void BeforeTheFirstStepItThrowsAllTheSame()
    {
        using var token = new CancellationTokenSource();
        token.Cancel();
        VitOptions options = TestImages.TinyOptions with { CancellationBehavior = VitCancellation.ReturnBest, CancellationToken = token.Token };
        Assert.ThrowsExactly<OperationCanceledException>(() => Trainer(options).Fit(EstimatorConformanceTests.Keyed(s_ml, 24)));
    }

    [TestMethod]
    public void ACancelledTrainingThatReturnedItsBestGoesOnFromItsCheckpoint()
    {
        using var folder = new TemporaryFolder();
        using var token = new CancellationTokenSource();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path };
        Trainer(options with { CancellationBehavior = VitCancellation.ReturnBest, CancellationToken = token.Token, Progress = At(2, token) }).Fit(data).Dispose();
        using VitTransformer resumed = Trainer(options).Fit(data), whole = Trainer(TestImages.TinyOptions).Fit(data);
        Assert.AreEqual(4, resumed.History.Count);
        CollectionAssert.AreEqual(Scores(whole, data), Scores(resumed, data));
    }

    [TestMethod]
    public void ReturningTheBestLeavesNoTensors()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        long plain = Leaks.TensorsLeft(() => Trainer(TestImages.TinyOptions with { Epochs = 1 }).Fit(data).Dispose());
        Assert.AreEqual(plain, Leaks.TensorsLeft(() =>
        {
            using var token = new CancellationTokenSource();
            VitOptions options = TestImages.TinyOptions with { Epochs = 100, ValidationFraction = 0.25, CancellationBehavior = VitCancellation.ReturnBest, CancellationToken = token.Token, Progress = At(2, token) };
            Trainer(options).Fit(data).Dispose();
        }));
    }

    private static VitTrainer Trainer(VitOptions options) => s_ml.MulticlassClassification.Trainers.Vit(options);

    private static EpochCallback At(int epoch, CancellationTokenSource token) => new(m =>
    {
        if (m.Epoch == epoch)
        {
            token.Cancel();
        }
    });

    private static float[] Scores(VitTransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score").SelectMany(s => s)];
}
