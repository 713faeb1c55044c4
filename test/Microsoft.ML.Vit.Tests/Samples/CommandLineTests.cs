using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

[TestClass]
public sealed class CommandLineTests
{
    [TestMethod]
    [DataRow("nonsense", "nonsense")]
    [DataRow("train", "--data")]
    [DataRow("predict --model none.zip", "predict")]
    [DataRow("train --data none --model none.zip", "The folder none does not exist.")]
    [DataRow("train --data none --model none.zip --epochs many", "many")]
    [DataRow("train --data none --model none.zip --early-stopping 3", "--early-stopping needs --validation.")]
    [DataRow("evaluate --data none --model none.zip", "The model none.zip does not exist.")]
    [DataRow("predict --model none.zip none.png", "The image none.png does not exist.")]
    [DataRow("crossvalidate --data none --folds 1", "--folds is 1; expected at least 2.")]
    public void BadArgumentsFailWithOneLine(string arguments, string expected)
    {
        SampleProcess run = SampleProcess.Run(["--json", .. arguments.Split(' ')]);
        Assert.AreEqual(1, run.ExitCode);
        Assert.AreEqual("", run.Output);
        StringAssert.Contains(run.Error, expected);
        Assert.HasCount(1, run.Error.TrimEnd().Split('\n'));
    }

    [TestMethod]
    public void FileThatIsNoModelIsNamed()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, 1).Write(folder.Path, perClass: 1);
        string image = folder["star/0000.png"];
        SampleProcess run = SampleProcess.Run("predict", "--model", image, image);
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.StartsWith(run.Error, $"error: {image} is not a model");
    }

    [TestMethod]
    public void UnknownVariantListsTheKnown()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, 1).Write(folder.Path, perClass: 1);
        SampleProcess run = SampleProcess.Run("train", "--data", folder.Path, "--model", folder["m.zip"], "--variant", "huge99");
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.Contains(run.Error, nameof(VitConfig.SmallImage32));
    }

    [TestMethod]
    [DataRow("best", "expected one of scratch-small, scratch-long, fine-tune, probe, deit.")]
    [DataRow("fine-tune", "--recipe fine-tune needs --pretrained or --warm-start.")]
    [DataRow("probe", "--recipe probe needs --pretrained or --warm-start.")]
    public void RecipesAreKnownByNameAndHaveTheirStart(string recipe, string expected)
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, 1).Write(folder.Path, perClass: 1);
        SampleProcess run = SampleProcess.Run("train", "--data", folder.Path, "--model", folder["m.zip"], "--recipe", recipe);
        Assert.AreEqual(1, run.ExitCode);
        StringAssert.Contains(run.Error, expected);
    }

    [TestMethod]
    public void ImageThatCannotBeReadIsNamed()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, 1).Write(folder.Path, perClass: 1);
        File.WriteAllText(folder["star/0000.png"], "no image");
        SampleProcess run = SampleProcess.Run("train", "--data", folder.Path, "--model", folder["m.zip"], "--epochs", "1");
        Assert.AreEqual(1, run.ExitCode);
        Assert.HasCount(1, run.Error.TrimEnd().Split('\n'));
        StringAssert.Contains(run.Error, folder["star/0000.png"]);
    }
}
