using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.Vit.Interop;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>The samples that put Vit() beside ML.NET's own trainers, on a few drawn images and with seconds for each.</summary>
[TestClass]
public sealed class BenchmarkSamplesTests
{
    private static readonly string[] s_ways = ["Vit", "LbfgsMaximumEntropy", "LightGbm"];

    [TestMethod]
    public void FewImagesGivesARowForEveryWayOnEverySet()
    {
        using var folder = new TemporaryFolder();
        Archive(folder, "flowers", "daisies");
        Archive(folder, "cifar10", "train", "test");
        SampleProcess run = SampleProcess.Run("benchmark", "few-images", "--data", folder.Path, "--scale", "0.001", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.AreEqual("few-images", run.Json.GetProperty("sample").GetString());
        (string? Data, string? Way)[] rows = [.. run.Json.GetProperty("rows").EnumerateArray().Select(row => (row.GetProperty("data").GetString(), row.GetProperty("way").GetString()))];
        CollectionAssert.AreEqual((from data in new[] { "flowers", "cifar10-200", "cifar10" } from way in s_ways select ((string?)data, (string?)way)).ToArray(), rows);
        foreach (JsonElement row in run.Json.GetProperty("rows").EnumerateArray())
        {
            AssertShare(row.GetProperty("accuracy"));
            Assert.IsGreaterThan(0, row.GetProperty("seconds").GetDouble());
        }
    }

    [TestMethod]
    public void OneWayOnOneSetCanBeAskedForAndUnknownOnesAreRefused()
    {
        using var folder = new TemporaryFolder();
        Archive(folder, "cifar10", "train", "test");
        SampleProcess run = SampleProcess.Run("benchmark", "few-images", "--data", folder.Path, "--scale", "0.003", "--only", "cifar10-200", "--way", "Vit", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        JsonElement row = run.Json.GetProperty("rows").EnumerateArray().Single();
        Assert.AreEqual(("cifar10-200", "Vit"), (row.GetProperty("data").GetString(), row.GetProperty("way").GetString()));
        SampleProcess unknown = SampleProcess.Run("benchmark", "few-images", "--data", folder.Path, "--only", "mnist");
        Assert.AreEqual(1, unknown.ExitCode);
        StringAssert.Contains(unknown.Error, "cifar10-200");
    }

    [TestMethod]
    public void TransferFineTunesASavedModelAndTrainsItsNetworkFromScratchToo()
    {
        using var folder = new TemporaryFolder();
        string many = TestImages.WriteFolder(folder["many"], perClass: 6, side: 32, seed: 1), few = TestImages.WriteFolder(folder["few"], perClass: 4, side: 48, seed: 2);
        SampleProcess train = SampleProcess.Run("train", "--data", many, "--epochs", "1", "--model", folder["m.zip"], "--json");
        Assert.AreEqual(0, train.ExitCode, train.Error);
        SampleProcess run = SampleProcess.Run("benchmark", "transfer", "--data", few, "--weights", folder["m.zip"], "--folds", "2", "--minutes", "0.001", "--frozen-blocks", "1", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        CollectionAssert.AreEqual(new[] { "scratch", "scratch, same network", "fine-tuned" }, rows.Select(row => row.GetProperty("way").GetString()).ToArray());
        Array.ForEach(rows, row => AssertShare(row.GetProperty("accuracy")));
    }

    [TestMethod]
    public void Cifar10ReportsWhatTheSavedModelScoresAndLightGbmBesideIt()
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder, "cifar10", "train", "test");
        SampleProcess run = SampleProcess.Run("cifar10", "--data", archive, "--minutes", "0.01", "--model", folder["m.zip"], "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        AssertShare(run.Json.GetProperty("lightGbmAccuracy"));
        Assert.IsGreaterThan(0, run.Json.GetProperty("imagesPerSecond").GetDouble());
        SampleProcess evaluate = SampleProcess.Run("evaluate", "--data", $"{archive}/test", "--model", folder["m.zip"], "--json");
        Assert.AreEqual(evaluate.Json.GetProperty("accuracy").GetDouble(), run.Json.GetProperty("accuracy").GetDouble());
    }

    [TestMethod]
    public void Cifar10GoesOnFromItsCheckpointsAndCountsTheTimeOfAllRuns()
    {
        using var folder = new TemporaryFolder();
        string archive = Archive(folder, "cifar10", "train", "test");
        string[] command = ["cifar10", "--data", archive, "--minutes", "0.1", "--recipe", "scratch-small", "--no-peer", "--checkpoints", folder["state"], "--json"];
        using (Process killed = SampleProcess.Start(command))
        {
            string? line;
            do
            {
                line = killed.StandardError.ReadLine();
            }
            while (line?.StartsWith("epoch 3/", StringComparison.Ordinal) == false);
            killed.Kill();
            killed.WaitForExit();
        }
        SampleProcess resumed = SampleProcess.Run(command);
        Assert.AreEqual(0, resumed.ExitCode, resumed.Error);
        StringAssert.Contains(resumed.Error, "Goes on from step ");
        Assert.IsFalse(resumed.Error.Split('\n').Any(line => line.StartsWith("epoch 1/", StringComparison.Ordinal)));
        SampleProcess again = SampleProcess.Run(command);
        StringAssert.Contains(again.Error, "The training had ended at step ");
        foreach (string figure in new[] { "accuracy", "trainingSeconds", "epochs" })
        {
            Assert.AreEqual(resumed.Json.GetProperty(figure).GetDouble(), again.Json.GetProperty(figure).GetDouble(), figure);
        }
    }

    [TestMethod]
    public void ScoreComparesEveryWayAtEveryBatchSizeAndWarnsOfNothing()
    {
        SampleProcess run = SampleProcess.Run("benchmark", "score", "--models", "32px", "--rounds", "1", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        (string? Model, int Batch, string? Way)[] found = [.. rows.Select(row => (row.GetProperty("model").GetString(), row.GetProperty("batch").GetInt32(), row.GetProperty("way").GetString()))];
        string[] precisions = Int8Kernels.Problem is null ? ["fp32", "bf16", "int8"] : ["fp32", "bf16"];
        (string, int, string)[] expected = [("32px", 1, "fp32"), ("32px", 1, "engine"), .. precisions[1..].Select(way => ("32px", 1, way)), .. precisions.Select(way => ("32px", 256, way)), ("500x375", 16, "input")];
        CollectionAssert.AreEqual(expected, found);
        Assert.IsTrue(rows.All(row => row.GetProperty("imagesPerSecond").GetDouble() > 0), run.Output);
        // ONNX Runtime multiplies no bfloat16 and reads no files.
        Assert.IsTrue(rows.All(row => row.GetProperty("way").GetString() is "bf16" or "input" || row.GetProperty("ratioToOnnxRuntime").GetDouble() > 0), run.Output);
        JsonElement overhead = run.Json.GetProperty("overheads").EnumerateArray().Single();
        // Differences of short times: of next to nothing, they may come out below it.
        Assert.IsTrue(overhead.GetProperty("transformPercent").GetDouble() is > -100 and < 100 && overhead.GetProperty("engineMilliseconds").GetDouble() is > -10 and < 10, run.Output);
        Assert.IsGreaterThan(0, run.Json.GetProperty("peakGflops").GetDouble());
        Assert.DoesNotContain("NNPACK", run.Error);
    }

    /// <summary>Drawn images by class, in folders of an archive.</summary>
    private static string Archive(TemporaryFolder folder, string name, params string[] insides)
    {
        for (int i = 0; i < insides.Length; i++)
        {
            TestImages.WriteFolder(folder[name, insides[i]], perClass: 6, side: 32, seed: i + 1);
        }
        using FileStream file = File.Create(folder[$"{name}.tar.gz"]);
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        TarFile.CreateFromDirectory(folder[name], gzip, includeBaseDirectory: false);
        return file.Name;
    }

    private static void AssertShare(JsonElement value) => Assert.IsTrue(value.GetDouble() is >= 0 and <= 1, $"{value}");
}
