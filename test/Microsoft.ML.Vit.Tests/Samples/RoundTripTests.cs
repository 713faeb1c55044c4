using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.Vit.Tests.Reporting;
using SkiaSharp;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

[TestClass]
public sealed class RoundTripTests
{
    [TestMethod]
    public void TrainEvaluatePredictAndExplainReportTheirFigures()
    {
        using var folder = new TemporaryFolder();
        string images = folder["images"], model = folder["models/shapes.zip"];
        new ShapeImages(32, seed: 1).Write(images, perClass: 3);

        SampleProcess train = SampleProcess.Run("train", "--data", images, "--validation", images, "--model", model, "--epochs", "1", "--log-directory", folder["logs"], "--json");
        Assert.AreEqual(0, train.ExitCode, train.Error);
        Assert.IsTrue(File.Exists(model));
        Assert.AreEqual(folder["models/shapes.report.html"], train.Json.GetProperty("report").GetString());
        Assert.HasCount(9, ReportModel.Read(folder["models/shapes.report.html"]).Find("table", "confusion").Single().Descendants("tr").Skip(1).ToArray());
        Assert.HasCount(1, Directory.GetFiles(folder["logs"], "events.out.tfevents.*", SearchOption.AllDirectories));
        AssertFigures(train, "train", "accuracy", "macroAccuracy", "logLoss", "imagesPerSecond");

        SampleProcess evaluate = SampleProcess.Run("evaluate", "--data", images, "--model", model, "--json");
        Assert.AreEqual(0, evaluate.ExitCode, evaluate.Error);
        AssertFigures(evaluate, "evaluate", "accuracy", "macroAccuracy", "logLoss", "imagesPerSecond");
        Assert.AreEqual(train.Json.GetProperty("accuracy").GetDouble(), evaluate.Json.GetProperty("accuracy").GetDouble());

        string image = Path.Combine(images, "ring", "0000.png");
        SampleProcess predict = SampleProcess.Run("predict", "--model", model, "--json", image);
        Assert.AreEqual(0, predict.ExitCode, predict.Error);
        JsonElement prediction = predict.Json.GetProperty("predictions")[0];
        Assert.AreEqual(image, prediction.GetProperty("image").GetString());
        Assert.AreEqual(5, prediction.GetProperty("top").GetArrayLength());
        double[] scores = [.. prediction.GetProperty("top").EnumerateArray().Select(top => top.GetProperty("score").GetDouble())];
        CollectionAssert.AreEqual(scores.OrderDescending().ToArray(), scores);
        CollectionAssert.Contains(ShapeImages.Classes.ToArray(), prediction.GetProperty("top")[0].GetProperty("label").GetString());

        SampleProcess explain = SampleProcess.Run("explain", "--model", model, "--out", folder["why/ring.png"], "--class", "ring", "--json", image);
        Assert.AreEqual(0, explain.ExitCode, explain.Error);
        Assert.AreEqual("ring", explain.Json.GetProperty("label").GetString());
        Assert.AreEqual(64, explain.Json.GetProperty("relevance").GetArrayLength());
        using SKBitmap picture = SKBitmap.Decode(folder["why/ring.png"]);
        Assert.AreEqual(32, picture.Width);
    }

    [TestMethod]
    public void CrossValidationReportsEveryFold()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, seed: 1).Write(folder.Path, perClass: 4);
        SampleProcess run = SampleProcess.Run("crossvalidate", "--data", folder.Path, "--folds", "2", "--epochs", "1", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        AssertFigures(run, "crossvalidate", "accuracy", "macroAccuracy", "logLoss");
        double[] folds = [.. run.Json.GetProperty("folds").EnumerateArray().Select(fold => fold.GetDouble())];
        Assert.HasCount(2, folds);
        Assert.AreEqual(folds.Average(), run.Json.GetProperty("accuracy").GetDouble(), 1e-12);
    }

    [TestMethod]
    public void InterruptEndsTrainingWithItsOwnExitCode()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Sends SIGINT.");
        }
        using var folder = new TemporaryFolder();
        new ShapeImages(32, seed: 1).Write(folder["images"], perClass: 4);
        using Process process = SampleProcess.Start("train", "--data", folder["images"], "--model", folder["m.zip"], "--minutes", "5");
        // The first epoch's line says that training is under way.
        Assert.IsNotNull(process.StandardOutput.ReadLine());
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }
        Assert.IsTrue(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.AreEqual(130, process.ExitCode);
        Assert.IsFalse(File.Exists(folder["m.zip"]));
    }

    private static void AssertFigures(SampleProcess run, string sample, params string[] names)
    {
        Assert.AreEqual(sample, run.Json.GetProperty("sample").GetString());
        Assert.IsGreaterThan(0, run.Json.GetProperty("seconds").GetDouble());
        foreach (string name in names)
        {
            Assert.AreEqual(JsonValueKind.Number, run.Json.GetProperty(name).ValueKind, name);
        }
        Assert.IsTrue(run.Json.GetProperty("accuracy").GetDouble() is >= 0 and <= 1);
    }
}
