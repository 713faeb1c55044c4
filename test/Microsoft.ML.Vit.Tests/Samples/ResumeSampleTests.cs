namespace Microsoft.ML.Vit.Tests.Samples;

[TestClass]
public sealed class ResumeSampleTests
{
    [TestMethod]
    public void TrainSaysThatItsTrainingHadEndedAndStartsWarm()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 16);
        string[] train = ["train", "--data", folder["images"], "--recipe", "scratch-small", "--epochs", "1", "--batch", "8", "--checkpoints", folder["state"], "--model", folder["a.zip"]];
        SampleProcess first = SampleProcess.Run(train);
        Assert.AreEqual(0, first.ExitCode, first.Error);
        SampleProcess second = SampleProcess.Run(train);
        Assert.AreEqual(0, second.ExitCode, second.Error);
        StringAssert.Contains(second.Output, "The training had ended at step 3; its result is taken from");
        SampleProcess changed = SampleProcess.Run([.. train, "--label-smoothing", "0.2"]);
        Assert.AreEqual(1, changed.ExitCode);
        StringAssert.Contains(changed.Error, "LabelSmoothing was 0.1 and is 0.2");

        Directory.Move(folder["images", "red"], folder["images", "crimson"]);
        SampleProcess warm = SampleProcess.Run("train", "--data", folder["images"], "--recipe", "fine-tune", "--epochs", "1", "--image-size", "24", "--warm-start", folder["a.zip"], "--model", folder["b.zip"]);
        Assert.AreEqual(0, warm.ExitCode, warm.Error);
        StringAssert.Contains(warm.Output, "2 of 3 classes are kept");
        StringAssert.Contains(warm.Output, "1 are new (crimson)");
        StringAssert.Contains(warm.Output, "Positions are resized");
    }
}
