using System.Text.Json;
using Microsoft.ML.Vit.Tests.Onnx;
using SkiaSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>export --layout onnx, as a user runs it.</summary>
[TestClass]
public sealed class OnnxSampleTests
{
    [TestMethod]
    public void WhatIsExportedScoresAnImageAsPredictDoes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 4, side: 40);
        string image = Directory.EnumerateFiles(folder["images"], "*.png", SearchOption.AllDirectories).First();
        SampleProcess train = SampleProcess.Run("train", "--data", folder["images"], "--epochs", "2", "--model", folder["m.zip"], "--json");
        Assert.AreEqual(0, train.ExitCode, train.Error);
        SampleProcess export = SampleProcess.Run("export", "--model", folder["m.zip"], "--out", folder["out"], "--layout", "onnx", "--preprocessing", "--json");
        Assert.AreEqual(0, export.ExitCode, export.Error);
        Assert.AreEqual("onnx", export.Json.GetProperty("layout").GetString());

        using var session = new OnnxSession(folder["out", "model.onnx"]);
        string[] names = JsonSerializer.Deserialize<string[]>(session.Metadata.CustomMetadataMap["class_names"])!;
        float[] scores = session.Run(Pixels(image), 1, 40, 40, 3).data<float>().ToArray();
        JsonElement top = SampleProcess.Run("predict", "--model", folder["m.zip"], "--json", image).Json.GetProperty("predictions")[0].GetProperty("top");
        foreach (JsonElement entry in top.EnumerateArray())
        {
            Assert.AreEqual(entry.GetProperty("score").GetDouble(), scores[Array.IndexOf(names, entry.GetProperty("label").GetString())], 5e-3);
        }
        Assert.AreEqual(names.Length, top.GetArrayLength());
    }

    [TestMethod]
    public void PreprocessingWithoutOnnxIsRefused()
    {
        SampleProcess refused = SampleProcess.Run("export", "--model", "m.zip", "--out", "out", "--layout", "timm", "--preprocessing");
        Assert.AreNotEqual(0, refused.ExitCode);
        StringAssert.Contains(refused.Error, "--layout onnx");
    }

    /// <summary>Red, green and blue of each pixel, row by row.</summary>
    private static byte[] Pixels(string path)
    {
        using SKBitmap bitmap = SKBitmap.Decode(path);
        return [.. bitmap.Pixels.SelectMany(pixel => new[] { pixel.Red, pixel.Green, pixel.Blue })];
    }
}
