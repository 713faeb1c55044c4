using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Tests.Conformance;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Persistence;

/// <summary>Checkpoints of a training that are damaged, foreign or from elsewhere.</summary>
[TestClass]
public sealed class TrainingFileTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    public static IEnumerable<object[]> Damages =>
    [
        ["empty", (Func<byte[], byte[]>)(_ => [])],
        ["cut within the length", (Func<byte[], byte[]>)(whole => whole[..5])],
        ["cut within the header", (Func<byte[], byte[]>)(whole => whole[..200])],
        ["cut within the tensors", (Func<byte[], byte[]>)(whole => whole[..^1000])],
        ["one byte short", (Func<byte[], byte[]>)(whole => whole[..^1])],
        ["one byte more", (Func<byte[], byte[]>)(whole => [.. whole, 0])],
        ["a byte changed within a tensor", (Func<byte[], byte[]>)(whole => Changed(whole, whole.Length - 5000))],
        ["a digit changed in the header", (Func<byte[], byte[]>)(whole => Changed(whole, whole.AsSpan().IndexOf("lossSum"u8) - 8))],
        ["zeros", (Func<byte[], byte[]>)(whole => new byte[whole.Length])],
        ["another text", (Func<byte[], byte[]>)(_ => "this is no checkpoint, whatever its name says"u8.ToArray())],
        ["a header without end", (Func<byte[], byte[]>)(whole => [.. BitConverter.GetBytes(long.MaxValue), .. whole[8..]])],
    ];

    [TestMethod]
    [DynamicData(nameof(Damages))]
    public void ADamagedNewestFallsBackToTheOneBeforeWithAWarning(string damage, Func<byte[], byte[]> apply)
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path };
        float[] whole = Fit(data, options, out _);
        string[] kept = [.. Directory.GetFiles(folder.Path, "step-*").Order(StringComparer.Ordinal)];
        Assert.HasCount(2, kept);
        File.WriteAllBytes(kept[1], apply(File.ReadAllBytes(kept[1])));
        File.WriteAllText(kept[1] + TrainingFile.UnfinishedSuffix, "half");
        CollectionAssert.AreEqual(whole, Fit(data, options, out IReadOnlyList<string> log), damage);
        Assert.Contains(line => line.Contains("Warning") && line.Contains(kept[1]) && line.Contains($"The one before it, {kept[0]}, is taken"), log);
        Assert.IsFalse(File.Exists(kept[1] + TrainingFile.UnfinishedSuffix));

        File.WriteAllBytes(kept[0], apply(File.ReadAllBytes(kept[0])));
        File.WriteAllBytes(kept[1], apply(File.ReadAllBytes(kept[1])));
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(data, options, out _));
        StringAssert.Contains(e.Message, kept[0]);
        StringAssert.Contains(e.Message, kept[1]);
        StringAssert.Contains(e.Message, "to begin anew");
    }

    [TestMethod]
    [DataRow("\"version\":1", "\"version\":2", "reads versions 1 to 1")]
    [DataRow("\"version\":1", "\"vers\":1", "no version")]
    [DataRow("\"epoch\":5", "\"epoch\":-5", "Epoch is -5; expected 1 to 100000000000.")]
    [DataRow("\"correct\":0", "\"correct\":9", "Images is 0; expected 9 to 100000000000.")]
    [DataRow("\"steps\":", "\"stops\":", "stops")]
    [DataRow("\"threads\":1", "\"threads\":true", "threads")]
    public void ADescriptionThatCannotBeIsNamed(string text, string instead, string expected)
    {
        using var folder = new TemporaryFolder();
        Fit(EstimatorConformanceTests.Keyed(s_ml, 24), TestImages.TinyOptions with { CheckpointDirectory = folder.Path }, out _);
        string path = Directory.GetFiles(folder.Path, "step-*").Max(StringComparer.Ordinal)!;
        Rewrite(path, json =>
        {
            StringAssert.Contains(json, text);
            return json.Replace(text, instead);
        });
        FormatException e = Assert.ThrowsExactly<FormatException>(() => TrainingFile.Open(path).Dispose());
        StringAssert.Contains(e.Message, path);
        StringAssert.Contains(e.Message, expected);
    }

    [TestMethod]
    public void OtherTensorsThanTheTrainingsAreListed()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path };
        Fit(data, options, out _);
        string path = Directory.GetFiles(folder.Path, "step-*").Max(StringComparer.Ordinal)!;
        Rewrite(path, json => json, tensors => [.. tensors.Where(t => t.Name != "model.head.weight" && t.Name != "model.head.bias"), ("model.head.bias", zeros(7)), ("surplus", zeros(1))]);
        FormatException e = Assert.ThrowsExactly<FormatException>(() => Fit(data, options, out _));
        foreach (string expected in new[] { path, "'model.head.weight' is missing", "'surplus' is unexpected", "'model.head.bias' has the shape (7), expected (3)" })
        {
            StringAssert.Contains(e.Message, expected);
        }
    }

    [TestMethod]
    public void ACheckpointThatCannotBeWrittenIsAWarningAndTrainingGoesOn()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["step-000000003.safetensors" + TrainingFile.UnfinishedSuffix]);
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        float[] scores = Fit(data, TestImages.TinyOptions with { CheckpointDirectory = folder.Path }, out IReadOnlyList<string> log);
        CollectionAssert.AreEqual(Fit(data, TestImages.TinyOptions, out _), scores);
        Assert.Contains(line => line.Contains("could not be written") && line.Contains("Training goes on."), log);
        Assert.HasCount(2, Directory.GetFiles(folder.Path, "step-*"));
    }

    [TestMethod]
    public void TheTensorsAreNamedAfterTheirParameters()
    {
        using var folder = new TemporaryFolder();
        VitOptions options = TestImages.TinyOptions with { CheckpointDirectory = folder.Path, WeightAverage = new ExponentialMovingAverage(), ValidationFraction = 0.25 };
        Fit(EstimatorConformanceTests.Keyed(s_ml, 24), options, out _);
        Dictionary<string, byte[]> tensors = SavedWeights.OfFile(Directory.GetFiles(folder.Path, "step-*").Max(StringComparer.Ordinal)!);
        foreach (string name in new[]
        {
            "model.blocks.0.attn.qkv.weight", "model.head.bias", "optimizer.momentum.blocks.0.attn.qkv.weight", "optimizer.mean.head.bias", "optimizer.square.head.bias",
            "average.blocks.0.attn.qkv.weight", "best.blocks.0.attn.qkv.weight",
        })
        {
            Assert.IsTrue(tensors.ContainsKey(name), $"{name} is not among {string.Join(", ", tensors.Keys)}");
        }
    }

    private static byte[] Changed(byte[] whole, int index)
    {
        whole[index] ^= 1;
        return whole;
    }

    private static float[] Fit(IDataView data, VitOptions options, out IReadOnlyList<string> log)
    {
        var ml = new MLContext(seed: 1);
        var lines = new ConcurrentQueue<string>();
        ml.Log += (_, e) => lines.Enqueue($"{e.Kind}: {e.Message}");
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        log = [.. lines];
        return [.. model.Transform(data).GetColumn<float[]>("Score").SelectMany(s => s)];
    }

    private static void Rewrite(string path, Func<string, string> description, Func<(string Name, Tensor)[], (string, Tensor)[]>? tensors = null)
    {
        using var scope = NewDisposeScope();
        (string, Tensor)[] held;
        Dictionary<string, string> metadata;
        using (SafetensorsReader reader = SafetensorsReader.Open(path))
        {
            held = [.. reader.Entries.Select(entry => (entry.Name, reader.Read(entry)))];
            metadata = reader.Metadata.ToDictionary(pair => pair.Key, pair => pair.Key == FileSeal.Key ? FileSeal.Open : description(pair.Value));
        }
        using FileStream stream = File.Create(path);
        SafetensorsWriter.Write(stream, tensors?.Invoke(held) ?? held, metadata);
        FileSeal.Close(stream);
    }
}
