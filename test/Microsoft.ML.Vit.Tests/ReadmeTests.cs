using System.Text.RegularExpressions;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public class ReadmeTests
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot(), "README.md")).ReplaceLineEndings("\n");

    [TestMethod]
    public void ItsPipelineIsTheSamplesWordForWord()
    {
        string block = Regex.Match(s_readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        string sample = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot(), "src", "Vit.Samples", "Readme.cs")).ReplaceLineEndings("\n");
        string indented = string.Concat(block.TrimEnd('\n').Split('\n').Select(line => $"        {line}\n"));
        Assert.IsTrue(block.Length > 100 && block.Count(c => c == '\n') <= 12, "a pipeline of at most 12 lines");
        StringAssert.Contains(sample, indented);
    }

    [TestMethod]
    public void ItsTrainingIsWhatIsCompiledAndRunHere()
    {
        string block = Regex.Matches(s_readme, "```csharp\n(.*?)```", RegexOptions.Singleline)[1].Groups[1].Value;
        string source = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot(), "test", "Microsoft.ML.Vit.Tests", "ReadmeTests.cs")).ReplaceLineEndings("\n");
        StringAssert.Contains(source, string.Concat(block.TrimEnd('\n').Split('\n').Select(line => $"        {line}\n")));

        using var folder = new TemporaryFolder();
        string before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder.Path;
        try
        {
            using var stop = new CancellationTokenSource();
            var ml = new MLContext(seed: 1);
            IDataView data = EstimatorConformanceTests.Keyed(ml, 24);
            using VitTransformer model = Train(ml, data, data, new EpochCallback(_ => stop.Cancel()), stop.Token);
            Assert.HasCount(1, model.History);
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
        Assert.HasCount(2, Directory.GetFiles(folder["state"], "step-*"));
        Assert.HasCount(1, Directory.GetFiles(folder["runs"], "events*", SearchOption.AllDirectories));
        StringAssert.Contains(File.ReadAllText(folder["report.html"]), "Confusion matrix");
    }

    private static VitTransformer Train(MLContext ml, IDataView train, IDataView held, IProgress<EpochMetrics> progress, CancellationToken stop)
    {
        VitOptions options = VitRecipe.ScratchSmall with
        {
            MaxTrainingTime = TimeSpan.FromHours(1),
            Augmentations = [new RandomCrop(), new HorizontalFlip(), new RandAugment(), new RandomErasing()],
            Mixing = new BatchMixing { Probability = 0.5 }, // mixup and CutMix
            WeightAverage = new ExponentialMovingAverage(),
            CheckpointDirectory = "state", // started again, it goes on from there
            LogDirectory = "runs", // tensorboard --logdir runs
            Progress = progress,
            CancellationToken = stop,
            CancellationBehavior = VitCancellation.ReturnBest,
        };
        VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(train);
        VitReport.Save("report.html", model, model.Transform(held));
        return model;
    }

    [TestMethod]
    public void ItsFolderMapNamesEveryFolder()
    {
        string source = Path.Combine(Fixtures.RepositoryRoot(), "src", "Microsoft.ML.Vit");
        foreach (string folder in Directory.EnumerateDirectories(source).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj"))!)
        {
            StringAssert.Contains(s_readme, $"  {folder}/ ");
        }
    }

    [TestMethod]
    public void ItsTestCommandIsWhatTheCiScriptRuns()
    {
        string script = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot(), ".ci", "run"));
        StringAssert.Contains(s_readme, "```\ndotnet test -c Release\n```");
        StringAssert.Contains(script, "\ndotnet test -c Release ");
    }

    [TestMethod]
    public void ItsPipelineRuns()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["flowers"], perClass: 2, side: 64);
        System.Diagnostics.ProcessStartInfo start = SampleProcess.Command("readme", "--json");
        start.WorkingDirectory = folder.Path;
        SampleProcess run = SampleProcess.Run(start);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.IsTrue(File.Exists(folder["flowers.zip"]));
        Assert.AreEqual("readme", run.Json.GetProperty("sample").GetString());
    }
}
