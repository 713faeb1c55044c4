using Microsoft.ML.Vit.Tests.Conformance;
using Tensorboard;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public class TensorBoardLogTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void EveryEpochsFiguresAreInTheEventFile()
    {
        using var folder = new TemporaryFolder();
        using VitTransformer model = Fit(TestImages.TinyOptions with { Epochs = 3, ValidationFraction = 0.25, LogDirectory = folder["logs"] });
        List<Event> events = EventFile.Read(OneFile(folder["logs"]));
        Assert.AreEqual("brain.Event:2", events[0].FileVersion);
        foreach (EpochMetrics epoch in model.History)
        {
            Dictionary<string, float> found = events.Where(e => e.Step == epoch.Epoch).ToDictionary(e => e.Summary.Value[0].Tag, e => e.Summary.Value[0].SimpleValue);
            CollectionAssert.AreEquivalent(
                new Dictionary<string, float>
                {
                    ["loss/training"] = (float)epoch.TrainingLoss,
                    ["loss/validation"] = (float)epoch.ValidationLoss!,
                    ["accuracy/training"] = (float)epoch.TrainingAccuracy,
                    ["accuracy/validation"] = (float)epoch.ValidationAccuracy!,
                    ["learning_rate"] = (float)epoch.LearningRate,
                    ["images_per_second"] = (float)epoch.ImagesPerSecond,
                },
                found);
        }
        DateTimeOffset written = DateTimeOffset.FromUnixTimeSeconds((long)events[^1].WallTime);
        Assert.IsTrue(DateTimeOffset.UtcNow - written < TimeSpan.FromHours(1), $"{written}");
    }

    [TestMethod]
    public void ACancelledTrainingLeavesWhatItReached()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        var progress = new CallingProgress(metrics =>
        {
            if (metrics.Epoch == 2)
            {
                source.Cancel();
            }
        });
        Assert.ThrowsExactly<OperationCanceledException>(() =>
            Fit(TestImages.TinyOptions with { Epochs = 5, LogDirectory = folder.Path, Progress = progress, CancellationToken = source.Token }));
        List<Event> events = EventFile.Read(OneFile(folder.Path));
        CollectionAssert.AreEquivalent(new long[] { 1, 2 }, events.Skip(1).Select(e => e.Step).Distinct().ToArray());
        Assert.IsFalse(events.Skip(1).Any(e => e.Summary.Value[0].Tag.EndsWith("validation", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void EveryFitIsARunOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        VitOptions options = TestImages.TinyOptions with { Epochs = 1, LogDirectory = folder.Path };
        Fit(options).Dispose();
        Fit(options).Dispose();
        string[] runs = Directory.GetDirectories(folder.Path);
        Assert.HasCount(2, runs);
        foreach (string run in runs)
        {
            Assert.HasCount(1, Directory.GetFiles(run));
        }
    }

    [TestMethod]
    public void ALogThatFailsDoesNotEndTheTraining()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext(1);
        var warnings = new List<string>();
        ml.Log += (_, e) => warnings.AddRange(e.Message.Contains("TensorBoard") ? [e.Message] : []);
        // What was the run's folder is a file when the second epoch ends.
        var progress = new CallingProgress(metrics =>
        {
            string run = Directory.EnumerateFileSystemEntries(folder.Path).Single();
            if (Directory.Exists(run))
            {
                Directory.Delete(run, recursive: true);
                File.WriteAllText(run, "");
            }
        });
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 3, LogDirectory = folder.Path, Progress = progress })
            .Fit(EstimatorConformanceTests.Keyed(ml));
        Assert.HasCount(3, model.History);
        StringAssert.Contains(warnings.Single(), "ends with epoch 2");
    }

    [TestMethod]
    public void ADirectoryThatCannotBeIsRefusedBeforeTraining()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Assert.Throws<IOException>(() => Fit(TestImages.TinyOptions with { LogDirectory = folder["file"] }));
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(TestImages.TinyOptions with { LogDirectory = " " }));
        StringAssert.Contains(e.Message, "LogDirectory is empty");
    }

    private static string OneFile(string folder) => Directory.GetFiles(folder, "events.out.tfevents.*", SearchOption.AllDirectories).Single();

    private static VitTransformer Fit(VitOptions options) => s_ml.MulticlassClassification.Trainers.Vit(options).Fit(EstimatorConformanceTests.Keyed(s_ml));

    private sealed class CallingProgress(Action<EpochMetrics> call) : IProgress<EpochMetrics>
    {
        public void Report(EpochMetrics value) => call(value);
    }
}
