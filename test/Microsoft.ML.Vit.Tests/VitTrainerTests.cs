using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public class VitTrainerTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void NonsenseOptionsAreReportedTogether()
    {
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions
        {
            LabelColumnName = "",
            Epochs = 0,
            BatchSize = -1,
            LabelSmoothing = 1,
            WarmupFraction = double.NaN,
            Device = "tpu",
            MaxTrainingTime = TimeSpan.Zero,
            Optimizer = new AdamWOptimizer { LearningRate = -1 },
            Model = new VitConfig { ImageSize = 30, PatchSize = 16, Width = 100, Heads = 3 },
        }));
        foreach (string expected in new[] { "LabelColumnName", "Epochs is 0", "BatchSize is -1", "LabelSmoothing is 1", "WarmupFraction is NaN", "Device is 'tpu'", "MaxTrainingTime", "LearningRate is -1", "ImageSize", "PatchSize", "Heads" })
        {
            StringAssert.Contains(e.Message, expected);
        }
    }

    [TestMethod]
    public void NullsAreRefused()
    {
        Assert.ThrowsExactly<ArgumentNullException>(() => s_ml.MulticlassClassification.Trainers.Vit(options: null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(null!));
    }

    [TestMethod]
    public void EmptyDataIsRefused()
    {
        IDataView empty = s_ml.Data.SkipRows(EstimatorConformanceTests.Keyed(s_ml), 1000);
        StringAssert.Contains(Refused(empty).Message, "The training data has no rows.");
    }

    [TestMethod]
    public void OneClassIsRefusedWhetherTheKeyOrTheRowsHaveOne()
    {
        IDataView one = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(9).Where(row => row.Label == "red"));
        StringAssert.Contains(Refused(s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(one).Transform(one)).Message, "has 1 class");

        IDataView three = EstimatorConformanceTests.Keyed(s_ml, 9);
        IDataView reds = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(s_ml.Data.LoadFromEnumerable(TestImages.Pixels(9))).Transform(one);
        Assert.AreEqual(3ul, ((KeyDataViewType)three.Schema["Label"].Type).Count);
        StringAssert.Contains(Refused(reds).Message, "have one class, 'red'");
    }

    [TestMethod]
    public void RowsWithoutALabelAreLeftOutAndCountedInTheLog()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        IDataView rows = ml.Data.LoadFromEnumerable(TestImages.Pixels(12));
        ITransformer twoKeys = ml.Transforms.Conversion.MapValueToKey("Label").Fit(ml.Data.LoadFromEnumerable(TestImages.Pixels(12).Where(row => row.Label != "blue")));
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(twoKeys.Transform(rows));
        Assert.AreEqual(2, model.ClassNames.Count);
        Assert.IsTrue(log.Any(line => line.Contains("Left out 4 of 12 training rows: they have no label.")), string.Join("\n", log));
    }

    [TestMethod]
    public void AVectorOfTheWrongLengthIsRefused()
    {
        VitTrainer trainer = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = TestImages.TinyModel with { ImageSize = 24 } });
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(EstimatorConformanceTests.Keyed(s_ml)));
        StringAssert.Contains(e.Message, "1728");
    }

    [TestMethod]
    public void MissingAndCorruptFilesAreNamedOrLeftOutAsAsked()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder.Path, perClass: 3);
        string corrupt = Path.Combine(folder.Path, "red", "zz-corrupt.png");
        File.WriteAllText(corrupt, "this is no picture");
        IDataView files = s_ml.Data.LoadImagesFromFolder(folder.Path);
        var pipeline = s_ml.Transforms.Conversion.MapValueToKey("Label").Append(s_ml.Transforms.CopyColumns("Features", "ImagePath"));
        IDataView data = pipeline.Fit(files).Transform(files);
        InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(data));
        StringAssert.Contains(e.Message, corrupt);

        var log = new ConcurrentQueue<string>();
        s_ml.Log += (_, line) => log.Enqueue(line.Message);
        VitOptions skipping = TestImages.TinyOptions with { InvalidImages = InvalidImageHandling.Skip, Epochs = 1 };
        s_ml.MulticlassClassification.Trainers.Vit(skipping).Fit(data).Dispose();
        Assert.IsTrue(log.Any(line => line.Contains("Left out 1 of 10 training rows: their images cannot be read.")));

        File.Delete(corrupt);
        FileNotFoundException missing = Assert.ThrowsExactly<FileNotFoundException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(data));
        StringAssert.Contains(missing.Message, corrupt);
    }

    [TestMethod]
    public void ACorruptFileBehindLoadImagesIsNamedByItsRow()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder.Path, perClass: 3);
        File.WriteAllText(Path.Combine(folder.Path, "red", "zz-corrupt.png"), "this is no picture");
        IDataView files = s_ml.Data.LoadImagesFromFolder(folder.Path);
        IEstimator<ITransformer> pipeline = s_ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(s_ml.Transforms.LoadImages("Image", null, "ImagePath")).Append(s_ml.Transforms.ResizeImages("Features", 16, 16, "Image"));
        IDataView data = pipeline.Fit(files).Transform(files);
        InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(data));
        StringAssert.Contains(e.Message, "row 9");
        s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { InvalidImages = InvalidImageHandling.Skip, Epochs = 1 }).Fit(data).Dispose();
    }

    [TestMethod]
    public void CudaThatIsAskedForAndAbsentIsAnErrorOrTheCpuAsTheContextSays()
    {
        if (torch.cuda.is_available())
        {
            Assert.Inconclusive("This machine has CUDA.");
        }
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        var strict = new MLContext(1) { FallbackToCpu = false };
        InvalidOperationException byOption = Assert.ThrowsExactly<InvalidOperationException>(
            () => strict.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Device = "cuda:1" }).Fit(data));
        StringAssert.Contains(byOption.Message, "Device is \"cuda:1\", but libtorch finds no CUDA device");
        strict.GpuDeviceId = 0;
        InvalidOperationException byContext = Assert.ThrowsExactly<InvalidOperationException>(
            () => strict.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Device = "auto" }).Fit(data));
        StringAssert.Contains(byContext.Message, "MLContext.GpuDeviceId is 0");

        var lenient = new MLContext(1) { GpuDeviceId = 0, FallbackToCpu = true };
        var log = new ConcurrentQueue<string>();
        lenient.Log += (_, e) => log.Enqueue(e.Message);
        using VitTransformer model = lenient.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Device = "auto", Epochs = 1 }).Fit(data);
        Assert.AreEqual("cpu", model.Device);
        Assert.IsTrue(log.Any(line => line.Contains("Trains on cpu: MLContext.GpuDeviceId is 0, but")));
    }

    [TestMethod]
    public void EveryEpochReachesProgressLogAndHistory()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        var progress = new Collected();
        IDataView data = EstimatorConformanceTests.Keyed(ml, 24);
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 3, Progress = progress, ValidationFraction = 0.25 }).Fit(data);
        CollectionAssert.AreEqual(progress.ToArray(), model.History.ToArray());
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, progress.Select(m => m.Epoch).ToArray());
        foreach (EpochMetrics metrics in progress)
        {
            Assert.AreEqual(3, metrics.Epochs);
            Assert.IsTrue(double.IsFinite(metrics.TrainingLoss) && metrics.ValidationLoss > 0 && metrics.ValidationAccuracy is >= 0 and <= 1 && metrics.ImagesPerSecond > 0 && metrics.SecondsLeft >= 0);
        }
        Assert.AreEqual(3, log.Count(line => line.Contains(" of 3: loss ")));
        Assert.IsTrue(log.Any(line => line.Contains("Trains on cpu")));
    }

    [TestMethod]
    public void CancellingStopsWithinABatchAndLeaksNothing()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        long afterOneEpoch = Leaks.TensorsLeft(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data).Dispose());
        long afterCancelling = Leaks.TensorsLeft(() =>
        {
            using var cancellation = new CancellationTokenSource();
            var progress = new Collected(_ => cancellation.Cancel());
            VitOptions options = TestImages.TinyOptions with { Epochs = 1000, Progress = progress, CancellationToken = cancellation.Token };
            Assert.ThrowsExactly<OperationCanceledException>(() => s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data));
            Assert.AreEqual(1, progress.Count);
        });
        Assert.AreEqual(afterOneEpoch, afterCancelling);
    }

    [TestMethod]
    public void TwoHundredStepsLeaveTensorsAndMemoryAsTheyWere()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 32);
        VitOptions options = TestImages.TinyOptions with { BatchSize = 8, ValidationFraction = 0.2 };
        void Fit(int epochs) => s_ml.MulticlassClassification.Trainers.Vit(options with { Epochs = epochs }).Fit(data).Dispose();
        Fit(50);
        long memory = Leaks.ResidentMemory();
        Assert.AreEqual(Leaks.TensorsLeft(() => Fit(1)), Leaks.TensorsLeft(() => Fit(50)));
        long grown = Leaks.ResidentMemory() - memory;
        Assert.IsTrue(grown < 16 << 20, $"resident memory grew by {grown >> 10} KiB");
    }

    [TestMethod]
    public void EqualSeedsGiveEqualBitsAndOthersDoNot()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { Seed = null, Model = TestImages.TinyModel with { Dropout = 0.1, AttentionDropout = 0.1, DropPath = 0.1, Depth = 2 } };
        float[][] scores = [.. new[] { 7, 7, 8 }.Select(seed =>
        {
            var ml = new MLContext(seed);
            using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
            return model.Transform(data).GetColumn<float[]>("Score").SelectMany(s => s).ToArray();
        })];
        CollectionAssert.AreEqual(scores[0], scores[1]);
        CollectionAssert.AreNotEqual(scores[0], scores[2]);
    }

    [TestMethod]
    public void ALossThatIsNoNumberStopsNamingEpochAndBatch()
    {
        VitOptions options = TestImages.TinyOptions with { Optimizer = new SgdOptimizer { LearningRate = 1e18 }, GradientClipNorm = null, WarmupFraction = 0, Epochs = 50 };
        InvalidOperationException e = Refused(EstimatorConformanceTests.Keyed(s_ml, 24), options);
        StringAssert.Contains(e.Message, "epoch ");
        StringAssert.Contains(e.Message, "batch ");
        StringAssert.Contains(e.Message, "lower learning rate");
    }

    [TestMethod]
    public void TheBestEpochsWeightsAreTheResult()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 36);
        IDataView validation = s_ml.Data.TakeRows(data, 12);
        // A rate that grows destructive late: the last epochs are worse than the best.
        VitOptions options = TestImages.TinyOptions with { Epochs = 12, WarmupFraction = 1, Optimizer = new SgdOptimizer { LearningRate = 3 } };
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data, validation);
        EpochMetrics best = model.History.OrderByDescending(m => m.ValidationAccuracy).ThenBy(m => m.ValidationLoss).First();
        MulticlassClassificationMetrics metrics = s_ml.MulticlassClassification.Evaluate(model.Transform(validation));
        Assert.AreEqual(best.ValidationAccuracy!.Value, metrics.MicroAccuracy, 1e-9);
        Assert.AreEqual(best.ValidationLoss!.Value, metrics.LogLoss, 1e-4);
    }

    [TestMethod]
    public void EarlyStoppingEndsAfterItsPatience()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { Epochs = 500, EarlyStoppingPatience = 3, Optimizer = new SgdOptimizer { LearningRate = 1e-12 } };
        StringAssert.Contains(Refused(data, options).Message, "nothing to validate on");
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(data, data);
        int best = model.History.Select((m, i) => (Metrics: m, Index: i)).OrderByDescending(p => p.Metrics.ValidationAccuracy).ThenBy(p => p.Metrics.ValidationLoss).ThenBy(p => p.Index).First().Index;
        Assert.AreEqual(best + 1 + 3, model.History.Count);
        Assert.IsTrue(model.History.Count < 500);
    }

    [TestMethod]
    public void ATimeBudgetEndsTrainingAndLaysTheScheduleOverIt()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = null, MaxTrainingTime = TimeSpan.FromSeconds(2) }).Fit(data);
        Assert.IsTrue(watch.Elapsed.TotalSeconds is > 1.5 and < 30, $"{watch.Elapsed}");
        Assert.IsTrue(model.History.Count > 2);
        Assert.IsTrue(model.History[^1].LearningRate < model.History.Max(m => m.LearningRate) / 10);
    }

    [TestMethod]
    public void CrossValidationWorksWhereAFoldLacksAClass()
    {
        // Fourteen reds and greens, two blues: with seven folds most have no blue, and keys are made anew in each.
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(42).Where(row => row.Label != "blue" || row.Number < 6));
        IEstimator<ITransformer> pipeline = s_ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 2 }));
        var folds = s_ml.MulticlassClassification.CrossValidate(rows, pipeline, numberOfFolds: 7);
        Assert.AreEqual(7, folds.Count);
        Assert.IsTrue(folds.All(fold => double.IsFinite(fold.Metrics.MicroAccuracy)));
    }

    [TestMethod]
    public void AValidationSetWithOtherKeysIsRefused()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 12);
        IDataView reversed = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12).Reverse());
        IDataView other = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(reversed).Transform(reversed);
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(data, other));
        StringAssert.Contains(e.Message, "same MapValueToKey");
    }

    [TestMethod]
    public void TheModelIsChosenByTheSizeOfTheImagesWhereNoneIsNamed()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 8);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(new VitOptions { Epochs = 1, Device = "cpu" }).Fit(data);
        Assert.AreEqual(VitConfig.SmallImage32 with { ImageSize = 16, Classes = 3 }, model.Model);
    }

    private static InvalidOperationException Refused(IDataView data, VitOptions? options = null) =>
        Assert.ThrowsExactly<InvalidOperationException>(() => s_ml.MulticlassClassification.Trainers.Vit(options ?? TestImages.TinyOptions).Fit(data));

    private sealed class Collected(Action<EpochMetrics>? then = null) : List<EpochMetrics>, IProgress<EpochMetrics>
    {
        public void Report(EpochMetrics value)
        {
            Add(value);
            then?.Invoke(value);
        }
    }
}
