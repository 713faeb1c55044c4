using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.Vit.Tests.Hub;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>classify, export and train --pretrained, as a user runs them.</summary>
[TestClass]
[TestCategory("Fixtures")]
public sealed class CheckpointSamplesTests
{
    [TestMethod]
    public void ClassifyNamesTheCheckpointsClasses()
    {
        string checkpoint = Fixtures.Folder("hf-vit");
        SampleProcess run = SampleProcess.Run("classify", "--pretrained", checkpoint, "--json", Path.Combine(Fixtures.Folder("preprocess"), "photo0.png"));
        AssertPredicts(run, VitCheckpoint.Open(checkpoint));
    }

    [TestMethod]
    public void ClassifyFetchesFromTheHubOnceAndIsThenServedOffline()
    {
        string checkpoint = Fixtures.Folder("hf-vit");
        using var server = new HubServer();
        using var home = new TemporaryFolder();
        foreach (string name in new[] { "config.json", "preprocessor_config.json" })
        {
            server.Files[name] = File.ReadAllBytes(Path.Combine(checkpoint, name));
        }
        server.LargeFiles["model.safetensors"] = File.ReadAllBytes(Path.Combine(checkpoint, "model.safetensors"));
        ProcessStartInfo start = SampleProcess.Command("classify", "--pretrained", server.Repository, "--json", Path.Combine(Fixtures.Folder("preprocess"), "photo0.png"));
        start.Environment["HF_ENDPOINT"] = server.Endpoint;
        start.Environment["HF_HOME"] = home.Path;
        start.Environment.Remove("HF_HUB_CACHE");
        AssertPredicts(SampleProcess.Run(start), VitCheckpoint.Open(checkpoint));

        int requests = server.Requests.Count;
        start.Environment["HF_HUB_OFFLINE"] = "1";
        AssertPredicts(SampleProcess.Run(start), VitCheckpoint.Open(checkpoint));
        Assert.AreEqual(requests, server.Requests.Count);

        start.ArgumentList[start.ArgumentList.IndexOf(server.Repository)] = "owner/absent";
        SampleProcess absent = SampleProcess.Run(start);
        Assert.AreNotEqual(0, absent.ExitCode);
        StringAssert.Contains(absent.Error, "HF_HUB_OFFLINE");
    }

    [TestMethod]
    [DataRow("timm")]
    [DataRow("huggingface")]
    public void WhatIsFineTunedAndExportedClassifiesAlike(string layout)
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 4, side: 40);
        string image = Directory.EnumerateFiles(folder["images"], "*.png", SearchOption.AllDirectories).First();
        SampleProcess train = SampleProcess.Run("train", "--data", folder["images"], "--pretrained", Fixtures.Folder("timm-plain"), "--epochs", "2", "--model", folder["m.zip"], "--json");
        Assert.AreEqual(0, train.ExitCode, train.Error);
        SampleProcess export = SampleProcess.Run("export", "--model", folder["m.zip"], "--out", folder["out"], "--layout", layout, "--json");
        Assert.AreEqual(0, export.ExitCode, export.Error);
        Assert.AreEqual("export", export.Json.GetProperty("sample").GetString());
        JsonElement ours = SampleProcess.Run("predict", "--model", folder["m.zip"], "--json", image).Json.GetProperty("predictions")[0].GetProperty("top");
        JsonElement theirs = SampleProcess.Run("classify", "--pretrained", folder["out"], "--json", image).Json.GetProperty("predictions")[0].GetProperty("top");
        Dictionary<string, double> found = ScoresOf(theirs);
        foreach ((string label, double score) in ScoresOf(ours))
        {
            // Hugging Face has no word for where timm rounds the crop: a pixel more or less at the border.
            Assert.AreEqual(score, found[label], layout == "timm" ? 1e-6 : 2e-2);
        }
    }

    [TestMethod]
    public void FlowersAreFineTunedFromAFixtureSizedCheckpoint()
    {
        using var folder = new TemporaryFolder();
        SampleProcess run = SampleProcess.Run(
            "train", "--data", Fixtures.Data("flowers.tar.gz"), "--pretrained", Fixtures.Folder("hf-deit"), "--model", folder["m.zip"], "--epochs", "8", "--learning-rate", "0.003", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.IsTrue(File.Exists(folder["m.zip"]));
    }

    [TestMethod]
    public void WhatALayoutCannotExpressAndUnknownLayoutsAreRefused()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 2, side: 16);
        SampleProcess train = SampleProcess.Run("train", "--data", folder["images"], "--model", folder["m.zip"], "--epochs", "1");
        Assert.AreEqual(0, train.ExitCode, train.Error);
        SampleProcess stem = SampleProcess.Run("export", "--model", folder["m.zip"], "--out", folder["out"], "--layout", "timm");
        Assert.AreNotEqual(0, stem.ExitCode);
        StringAssert.Contains(stem.Error, "no convolutional stem");
        Assert.IsFalse(File.Exists(folder["out", "model.safetensors"]));
        SampleProcess unknown = SampleProcess.Run("export", "--model", folder["m.zip"], "--out", folder["out"], "--layout", "keras");
        Assert.AreNotEqual(0, unknown.ExitCode);
        StringAssert.Contains(unknown.Error, "keras");
    }

    private static Dictionary<string, double> ScoresOf(JsonElement top) =>
        top.EnumerateArray().ToDictionary(entry => entry.GetProperty("label").GetString()!, entry => entry.GetProperty("score").GetDouble());

    private static void AssertPredicts(SampleProcess run, VitCheckpoint checkpoint)
    {
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.AreEqual("classify", run.Json.GetProperty("sample").GetString());
        JsonElement top = run.Json.GetProperty("predictions")[0].GetProperty("top");
        Assert.AreEqual(Math.Min(5, checkpoint.Model.Classes), top.GetArrayLength());
        foreach (JsonElement entry in top.EnumerateArray())
        {
            CollectionAssert.Contains(checkpoint.ClassNames!.ToArray(), entry.GetProperty("label").GetString());
        }
    }
}
