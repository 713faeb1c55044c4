using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests;

/// <summary>A training that is stopped and started again, through the public surface.</summary>
[TestClass]
public sealed class ResumeTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    /// <summary>Everything that has a state or draws at random at once; 27 training images, 4 batches an epoch, of which two make a step.</summary>
    private static readonly VitOptions s_all = TestImages.TinyOptions with
    {
        Model = TestImages.TinyModel with { Depth = 2, Dropout = 0.1, AttentionDropout = 0.1, DropPath = 0.1, Stem = VitStem.Convolutions },
        Epochs = 3,
        GradientAccumulation = 2,
        ValidationFraction = 0.25,
        Mixing = new BatchMixing(),
        WeightAverage = new ExponentialMovingAverage(0.9),
        Augmentations = [new RandomResizedCrop(), new HorizontalFlip(), new CancellingAugmentation()],
    };

    public static IEnumerable<object[]> Optimizers => [[new MuonOptimizer()], [new AdamWOptimizer()], [new SgdOptimizer()]];

    [TestMethod]
    [DynamicData(nameof(Optimizers))]
    public void AStoppedTrainingEndsAsOneThatWasNeverStoppedWhereverItStopped(VitOptimizer optimizer)
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 96);
        VitOptions options = s_all with { Optimizer = optimizer };
        Outcome whole = Fit(data, options, out _);
        var random = new Random(3);
        foreach (int images in new[] { 20, 47, 74 })
        {
            using var folder = new TemporaryFolder();
            Outcome? resumed = null;
            int runs = 0;
            for (; resumed is null; runs++)
            {
                Assert.IsLessThan(40, runs);
                resumed = FitUntil(data, options with { CheckpointDirectory = folder.Path, CheckpointSteps = 1 + (runs % 2) }, images + runs, runs % 2 == 0 ? 0 : random.Next(1, 30));
            }
            Assert.IsGreaterThan(1, runs, $"{images}");
            AssertSame(whole, resumed, $"stopped {runs} times, each after {images} images");
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(60_000)]
    public void WithPixelsInAFileAndEachImageRepeatedItGoesOnWithinAnEpoch(int cache)
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 96);
        VitOptions options = s_all with
        {
            RepeatedAugmentations = 3,
            BalancedSampling = true,
            Augmentations = [new RandomResizedCrop(), new RandAugment(), new ColorJitter(), new RandomErasing(Probability: 0.5), new CancellingAugmentation()],
        };
        Outcome whole = Fit(data, options, out _);
        using var folder = new TemporaryFolder();
        Outcome? resumed = null;
        for (int runs = 0; resumed is null; runs++)
        {
            Assert.IsLessThan(40, runs);
            resumed = FitUntil(data, options with { CheckpointDirectory = folder.Path, CheckpointSteps = 1, PixelCacheBytes = cache }, 50 + runs, 0);
        }
        AssertSame(whole, resumed, $"{cache} bytes");
    }

    [TestMethod]
    public void ProgressThatCancelsByThrowingLeavesItsEpochDone()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        Outcome whole = Fit(data, s_all, out _);
        using var folder = new TemporaryFolder();
        VitOptions options = s_all with { CheckpointDirectory = folder.Path };
        var throwing = new EpochCallback(m => throw new OperationCanceledException());
        for (int epoch = 1; epoch <= 3; epoch++)
        {
            Assert.ThrowsExactly<OperationCanceledException>(() => Fit(data, options with { Progress = throwing }, out _));
        }
        AssertSame(whole, Fit(data, options, out _), "thrown three times");
    }

    [TestMethod]
    public void AFolderThatCannotBeIsRefusedBeforeTraining()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Directory.CreateDirectory(folder["folder", ".lock"]);
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { Progress = new EpochCallback(_ => Assert.Fail()) };
        StringAssert.Contains(Assert.Throws<IOException>(() => Fit(data, options with { CheckpointDirectory = folder["file"] }, out _)).Message, folder["file"]);
        StringAssert.Contains(Assert.Throws<UnauthorizedAccessException>(() => Fit(data, options with { CheckpointDirectory = folder["folder"] }, out _)).Message, folder["folder"]);
    }

    [TestMethod]
    public void ATrainingKilledWhileValidatingValidatesFirst()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        using var folder = new TemporaryFolder();
        // What lies there when an epoch is reported was written by its last step.
        var copying = new EpochCallback(m => File.Copy(
            Directory.GetFiles(folder["run"], "step-*").Max()!, Path.Combine(Directory.CreateDirectory(folder[$"{m.Epoch}"]).FullName, "step-000000001.safetensors")));
        Outcome whole = Fit(data, s_all with { CheckpointDirectory = folder["run"], CheckpointSteps = 1, Progress = copying }, out _);
        for (int epoch = 1; epoch <= 3; epoch++)
        {
            AssertSame(whole, Fit(data, s_all with { CheckpointDirectory = folder[$"{epoch}"], CheckpointSteps = 1 }, out _), $"epoch {epoch}");
        }
    }

    [TestMethod]
    public void ATrainingThatHadEndedReturnsItsModelAtOnce()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        VitOptions options = s_all with { CheckpointDirectory = folder.Path, EarlyStoppingPatience = 2 };
        Outcome first = Fit(data, options, out _);
        Outcome second = Fit(data, options with { Progress = new EpochCallback(_ => Assert.Fail()) }, out IReadOnlyList<string> log);
        AssertSame(first, second, "ended");
        Assert.Contains(line => line.Contains("had ended at step"), log);
        Assert.HasCount(2, Directory.GetFiles(folder.Path, "step-*"));
    }

    [TestMethod]
    public void TheTimeUsedCountsOn()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { Epochs = null, MaxTrainingTime = TimeSpan.FromSeconds(1.5), CheckpointDirectory = folder.Path };
        using var cancellation = new CancellationTokenSource();
        int seen = 0;
        var stopping = new EpochCallback(m =>
        {
            seen = m.Epoch;
            if (m.SecondsLeft < 0.5)
            {
                cancellation.Cancel();
            }
        });
        Assert.ThrowsExactly<OperationCanceledException>(() => Fit(data, options with { Progress = stopping, CancellationToken = cancellation.Token }, out _));
        Outcome resumed = Fit(data, options, out IReadOnlyList<string> log);
        Assert.Contains(line => line.Contains("Goes on from step"), log);
        EpochMetrics next = resumed.History[seen];
        Assert.IsLessThan(1.0, next.SecondsLeft);
        Assert.IsTrue(resumed.History.Zip(resumed.History.Skip(1)).All(pair => pair.First.ElapsedSeconds < pair.Second.ElapsedSeconds));
    }

    [TestMethod]
    public void EveryChangeThatWouldMakeItAnotherTrainingIsNamed()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        VitOptions options = s_all with { CheckpointDirectory = folder.Path, Epochs = 1 };
        Fit(data, options, out _);
        (VitOptions Options, IDataView Data, string[] Named)[] changes =
        [
            (options with { Epochs = 2 }, data, ["Epochs was 1 and is 2"]),
            (options with { Optimizer = new MuonOptimizer { LearningRate = 1e-3 }, LabelSmoothing = 0.2 }, data, ["Optimizer.LearningRate was 0.002 and is 0.001", "LabelSmoothing was 0.1 and is 0.2"]),
            (options with { Optimizer = new AdamWOptimizer() }, data, ["Optimizer was MuonOptimizer and is AdamWOptimizer"]),
            (options with { Model = s_all.Model! with { Width = 32 } }, data, ["Model.Width was 16 and is 32"]),
            (options with { Augmentations = [new HorizontalFlip()] }, data, ["Augmentations.Count was 3 and is 1"]),
            (options with { WeightAverage = null }, data, ["WeightAverage"]),
            (options with { Seed = 2 }, data, ["Seed was 1 and is 2", "Training images"]),
            (options, EstimatorConformanceTests.Keyed(s_ml, 39), ["Training images was 27 ("]),
            (options, Keyed(TestImages.Pixels(36, seed: 9)), ["Training images was 27 ("]),
            (options with { ValidationFraction = 0 }, data, ["ValidationFraction", "Validation images was 9 ("]),
        ];
        foreach ((VitOptions changed, IDataView its, string[] named) in changes)
        {
            InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(its, changed, out _));
            foreach (string expected in named.Append(folder.Path).Append("CheckpointDirectory"))
            {
                StringAssert.Contains(e.Message, expected);
            }
        }
        // What decides nothing may differ.
        Fit(data, options with { ScoringBatchSize = 3, Progress = new EpochCallback(_ => Assert.Fail()), CheckpointSteps = 5, CancellationBehavior = VitCancellation.ReturnBest, ScoreColumnName = "P" }, out _);
    }

    [TestMethod]
    public void AWarningTellsOfAnotherNumberOfThreads()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path };
        Fit(data, options, out _);
        TorchSharp.torch.set_num_threads(2);
        try
        {
            Fit(data, options, out IReadOnlyList<string> log);
            Assert.Contains(line => line.Contains("began with 1 threads and goes on with 2"), log);
        }
        finally
        {
            TorchSharp.torch.set_num_threads(1);
        }
    }

    [TestMethod]
    public void TheSeedOfTheEarlierRunServesWhereNoneIsGiven()
    {
        using var folder = new TemporaryFolder();
        VitOptions options = TestImages.TinyOptions with { Seed = null, Epochs = 2, CheckpointDirectory = folder.Path };
        float[][] scores = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            var unseeded = new MLContext();
            IDataView data = EstimatorConformanceTests.Keyed(unseeded, 24);
            using VitTransformer model = unseeded.MulticlassClassification.Trainers.Vit(options).Fit(data);
            return model.Transform(data).GetColumn<float[]>("Score").SelectMany(s => s).ToArray();
        })];
        CollectionAssert.AreEqual(scores[0], scores[1]);
    }

    [TestMethod]
    public void ResumingLeavesNoTensorsBehind()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        VitOptions options = s_all with { CheckpointDirectory = folder.Path, CheckpointSteps = 1 };
        long plain = Leaks.TensorsLeft(() => Fit(data, s_all with { Epochs = 1 }, out _));
        Assert.AreEqual(plain, Leaks.TensorsLeft(() => Fit(data, options, out _)));
        Assert.AreEqual(plain, Leaks.TensorsLeft(() => Fit(data, options, out _)));
    }

    [TestMethod]
    public void TwoTrainingsCannotShareAFolder()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path };
        InvalidOperationException? refused = null;
        var meanwhile = new EpochCallback(_ => refused ??= Assert.ThrowsExactly<InvalidOperationException>(() => Fit(data, options, out IReadOnlyList<string> _)));
        Fit(data, options with { Progress = meanwhile }, out _);
        StringAssert.Contains(refused!.Message, "a training that is under way");
    }

    private static IDataView Keyed(IEnumerable<PixelRow> rows)
    {
        IDataView data = s_ml.Data.LoadFromEnumerable(rows.ToArray());
        return s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
    }

    private static Outcome Fit(IDataView data, VitOptions options, out IReadOnlyList<string> log)
    {
        var ml = new MLContext(seed: 1);
        var lines = new ConcurrentQueue<string>();
        ml.Log += (_, e) => lines.Enqueue(e.Message);
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        log = [.. lines];
        return new Outcome([.. model.Transform(data).GetColumn<float[]>(options.ScoreColumnName).SelectMany(s => s)], model.History);
    }

    /// <summary>Null where the training was cancelled, some time after it had seen so many images.</summary>
    private static Outcome? FitUntil(IDataView data, VitOptions options, int images, int milliseconds)
    {
        var cancellation = new CancellationTokenSource(); // cancelled whenever it comes to that
        VitAugmentation[] augmentations = [.. options.Augmentations!.SkipLast(1), new CancellingAugmentation(cancellation, images, milliseconds)];
        try
        {
            return Fit(data, options with { Augmentations = augmentations, CancellationToken = cancellation.Token }, out _);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static void AssertSame(Outcome expected, Outcome found, string when)
    {
        CollectionAssert.AreEqual(expected.Scores, found.Scores, when);
        CollectionAssert.AreEqual(expected.History.Select(Figures).ToArray(), found.History.Select(Figures).ToArray(), when);
    }

    private static (int, double, double, double?, double?, double) Figures(EpochMetrics m) =>
        (m.Epoch, m.TrainingLoss, m.TrainingAccuracy, m.ValidationLoss, m.ValidationAccuracy, m.LearningRate);

    private sealed record Outcome(float[] Scores, IReadOnlyList<EpochMetrics> History);
}
