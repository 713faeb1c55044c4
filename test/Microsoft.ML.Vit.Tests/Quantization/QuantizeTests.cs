using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Quantization;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Quantization;

[TestClass]
public sealed class QuantizeTests
{
    private static QuantizedModel s_model = null!;
    private static VitTransformer? s_quantized;

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        if (QuantizedNetwork.Problem is null)
        {
            s_model = new QuantizedModel();
            s_quantized = s_model.Trained.Quantize(s_model.Held, new QuantizationOptions { AllowedAccuracyDrop = 2 });
        }
    }

    [ClassCleanup]
    public static void Free()
    {
        s_quantized?.Dispose();
        s_model?.Dispose();
    }

    private static VitTransformer Quantized
    {
        get
        {
            if (s_quantized is null)
            {
                Assert.Inconclusive(QuantizedNetwork.Problem);
            }
            return s_quantized;
        }
    }

    [TestMethod]
    public void ATrainedModelKeepsItsAccuracy()
    {
        QuantizationFigures figures = Quantized.Quantization!;
        Assert.AreEqual(270, figures.Images);
        Assert.IsTrue(figures.Labeled);
        Assert.IsGreaterThan(0.5, figures.Accuracy, "a model that has learned nothing proves nothing");
        Assert.IsLessThanOrEqualTo(0.02, figures.Accuracy - figures.QuantizedAccuracy);
        Assert.AreEqual(figures.Accuracy, s_model.Ml.MulticlassClassification.Evaluate(s_model.Trained.Transform(s_model.Held)).MicroAccuracy, 1e-9);
        Assert.AreEqual(figures.QuantizedAccuracy, s_model.Ml.MulticlassClassification.Evaluate(Quantized.Transform(s_model.Held)).MicroAccuracy, 1e-9);
        Assert.IsNull(s_model.Trained.Quantization);
        Assert.AreEqual("cpu", Quantized.Device);
    }

    [TestMethod]
    public void WithoutLabelsItsPredictionsAreComparedWithThoseInFloat32()
    {
        IDataView unlabeled = s_model.Ml.Transforms.DropColumns("Label").Fit(s_model.Held).Transform(s_model.Held);
        _ = Quantized;
        using VitTransformer quantized = s_model.Trained.Quantize(unlabeled, new QuantizationOptions { AllowedAccuracyDrop = 10, CalibrationImages = 50 });
        Assert.IsFalse(quantized.Quantization!.Labeled);
        Assert.AreEqual(270, quantized.Quantization.Images);
        Assert.AreEqual(1, quantized.Quantization.Accuracy);
        Assert.IsGreaterThan(0.9, quantized.Quantization.QuantizedAccuracy);
    }

    [TestMethod]
    public void ItIsRefusedWithTheFiguresWhereMoreIsLostThanAllowed()
    {
        _ = Quantized;
        IDataView rows = s_model.Ml.Data.LoadFromEnumerable(TestImages.Pixels(200).Select(row => new ImageOnly { Features = row.Features }));
        using VitTransformer undecided = QuantizedModel.Undecided(s_model.Ml, classes: 1000);
        float[][] before = Scores(undecided, rows);
        QuantizationRefusedException e = Assert.ThrowsExactly<QuantizationRefusedException>(() => undecided.Quantize(rows));
        Assert.AreEqual(0.5, e.AllowedDrop);
        Assert.AreEqual(200, e.Figures.Images);
        Assert.IsLessThan(0.995, e.Figures.QuantizedAccuracy);
        StringAssert.Contains(e.Message, FormattableString.Invariant($"{100 * (1 - e.Figures.QuantizedAccuracy):0.00} points"));
        StringAssert.Contains(e.Message, "0.50");
        AssertSame(before, Scores(undecided, rows));
    }

    [TestMethod]
    public void WrongRowsAndOptionsAreRefusedByName()
    {
        _ = Quantized;
        VitTransformer model = s_model.Trained;
        Assert.ThrowsExactly<ArgumentNullException>(() => model.Quantize(null!));
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Quantize(s_model.Held, new QuantizationOptions { AllowedAccuracyDrop = double.NaN }));
        StringAssert.Contains(e.Message, "AllowedAccuracyDrop");
        e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Quantize(s_model.Held, new QuantizationOptions { CalibrationImages = 0 }));
        StringAssert.Contains(e.Message, "CalibrationImages");
        e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Quantize(s_model.Held, new QuantizationOptions { LabelColumnName = "Class" }));
        StringAssert.Contains(e.Message, "'Class'");
        e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Quantize(s_model.Train));
        StringAssert.Contains(e.Message, "MapValueToKey");
        InvalidOperationException twice = Assert.ThrowsExactly<InvalidOperationException>(() => Quantized.Quantize(s_model.Held));
        StringAssert.Contains(twice.Message, "already");
        IDataView none = s_model.Ml.Data.FilterRowsByKeyColumnFraction(s_model.Held, "Label", 0, 0);
        Assert.ThrowsExactly<InvalidOperationException>(() => model.Quantize(none));
    }

    [TestMethod]
    public void TheZipIsAQuarterAndScoresTheSameInAnotherProcess()
    {
        string whole = s_model.File("whole.zip"), quarter = s_model.File("quarter.zip");
        s_model.Ml.Model.Save(s_model.ChainWith(s_model.Trained), s_model.Train.Schema, whole);
        s_model.Ml.Model.Save(s_model.ChainWith(Quantized), s_model.Train.Schema, quarter);
        Assert.IsLessThan(0.3, (double)new FileInfo(quarter).Length / new FileInfo(whole).Length);

        using var reloaded = (IDisposable)s_model.Ml.Model.Load(quarter, out _);
        VitTransformer transformer = ((IEnumerable<ITransformer>)reloaded).OfType<VitTransformer>().Single();
        Assert.AreEqual(Quantized.Quantization, transformer.Quantization);
        float[][] here = Scores(Quantized, s_model.Held), again = Scores(transformer, s_model.Held);
        AssertSame(here, again);

        SampleProcess run = SampleProcess.Run(["predict", "--json", "--model", quarter, .. s_model.Held.GetColumn<string>("ImagePath").Take(3)]);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        JsonElement[] predictions = [.. run.Json.GetProperty("predictions").EnumerateArray()];
        for (int i = 0; i < 3; i++)
        {
            JsonElement best = predictions[i].GetProperty("top")[0];
            Assert.AreEqual(here[i][Quantized.ClassNames.ToList().IndexOf(best.GetProperty("label").GetString()!)], best.GetProperty("score").GetSingle(), 1e-5f);
        }
    }

    [TestMethod]
    public void WhereTheKernelsAreMissingItSaysSoAndASavedModelScoresInFloat32()
    {
        byte[] zip = Saved(Quantized);
        float[][] bytes = Scores(Quantized, s_model.Held);
        AppContext.SetSwitch(Int8Kernels.Switch, false);
        try
        {
            PlatformNotSupportedException e = Assert.ThrowsExactly<PlatformNotSupportedException>(() => s_model.Trained.Quantize(s_model.Held));
            StringAssert.Contains(e.Message, Int8Kernels.Switch);
            Assert.HasCount(270, Scores(s_model.Trained, s_model.Held));
            List<string> warnings = [];
            var ml = new MLContext(seed: 1);
            ml.Log += (_, log) => warnings.Add(log.Message);
            using var loaded = (VitTransformer)ml.Model.Load(new MemoryStream(zip), out _);
            Assert.IsNull(loaded.Quantization);
            Assert.IsTrue(warnings.Any(message => message.Contains("float32", StringComparison.Ordinal)));
            float[][] floats = Scores(loaded, s_model.Held);
            Assert.IsLessThan(0.05, floats.Zip(bytes, (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Average());
            using var saved = (VitTransformer)ml.Model.Load(new MemoryStream(Saved(loaded)), out _);
        }
        finally
        {
            AppContext.SetSwitch(Int8Kernels.Switch, true);
        }
    }

    [TestMethod]
    public void DamagedScalesAreRefusedByName()
    {
        byte[] zip = Saved(Quantized);
        (Func<byte[], byte[]> Damage, string Expected)[] damages =
        [
            (bytes => Replaced(bytes, "blocks.0.attn.qkv.weight_scale", "blocks.0.attn.qkv.weight_scalf"), "blocks.0.attn.qkv.weight_scale"),
            (bytes => Replaced(bytes, "blocks.2.mlp.fc2.input_zero_point", "blocks.2.mlp.fc2.input_zero_poind"), "blocks.2.mlp.fc2.input_zero_point"),
            (bytes => Replaced(bytes, "blocks.1.mlp.fc1.input_factor\":{\"dtype\":\"F32\"", "blocks.1.mlp.fc1.input_factor\":{\"dtype\":\"I32\""), "blocks.1.mlp.fc1.input_factor"),
            (bytes => Replaced(bytes, "blocks.3.attn.proj.weight\":{\"dtype\":\"I8\"", "blocks.3.attn.proj.weight\":{\"dtype\":\"U8\""), "blocks.3.attn.proj.weight"),
            (bytes => Overwritten(bytes, "blocks.0.attn.proj.input_scale", float.NaN), "blocks.0.attn.proj.input_scale"),
            (bytes => Overwritten(bytes, "blocks.0.attn.proj.input_scale", -1f), "blocks.0.attn.proj.input_scale"),
            (bytes => bytes[..^100], "weights.safetensors"),
        ];
        foreach ((Func<byte[], byte[]> damage, string expected) in damages)
        {
            FormatException e = Assert.Throws<FormatException>(() => s_model.Ml.Model.Load(new MemoryStream(WithWeights(zip, damage)), out _), expected);
            StringAssert.Contains(e.Message, expected);
            StringAssert.Contains(e.Message, "weights.safetensors");
        }
    }

    [TestMethod]
    public void ManyThreadsScoreAsOneAndLeaveNothing()
    {
        float[][] expected = Scores(Quantized, s_model.Held);
        Parallel.For(0, 8, _ => AssertSame(expected, Scores(Quantized, s_model.Held)));
        long memory = Leaks.ResidentMemory();
        Assert.AreEqual(0, Leaks.TensorsLeft(() => Scores(Quantized, s_model.Held)));
        for (int i = 0; i < 10; i++)
        {
            Scores(Quantized, s_model.Held);
        }
        Assert.IsLessThan(16L << 20, Leaks.ResidentMemory() - memory);
    }

    [TestMethod]
    public void ItOutlivesTheOriginalAndIsDisposedOnItsOwn()
    {
        _ = Quantized;
        byte[] zip = Saved(s_model.Trained);
        var original = (VitTransformer)s_model.Ml.Model.Load(new MemoryStream(zip), out _);
        VitTransformer quantized = original.Quantize(s_model.Held, new QuantizationOptions { AllowedAccuracyDrop = 100 });
        original.Dispose();
        Assert.HasCount(270, Scores(quantized, s_model.Held));
        quantized.Dispose();
        quantized.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Scores(quantized, s_model.Held));
        Assert.ThrowsExactly<ObjectDisposedException>(() => original.Quantize(s_model.Held));
    }

    [TestMethod]
    public void ItIsExplainedAndExportedByTheRoundedWeights()
    {
        _ = Quantized;
        using MLImage image = MLImage.CreateFromFile(s_model.Held.GetColumn<string>("ImagePath").First());
        Assert.HasCount(16, Quantized.Explain(image).Relevance);
        using var folder = new TemporaryFolder();
        Quantized.SavePretrained(folder.Path, CheckpointLayout.Timm);
        using VitTransformer exported = s_model.Ml.Transforms.LoadVit(folder.Path, featureColumnName: "ImagePath");
        float[][] floats = Scores(exported, s_model.Held), bytes = Scores(Quantized, s_model.Held);
        Assert.IsLessThan(0.05, floats.Zip(bytes, (a, b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max()).Average());
    }

    [TestMethod]
    public void TheSampleSavesAModelInInt8()
    {
        _ = Quantized;
        string model = s_model.File("sample.zip"), target = s_model.File("sample.int8.zip");
        s_model.Ml.Model.Save(s_model.ChainWith(s_model.Trained), s_model.Train.Schema, model);
        SampleProcess run = SampleProcess.Run("quantize", "--json", "--model", model, "--data", s_model.HeldFolder, "--out", target, "--allowed-drop", "2");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.AreEqual(270, run.Json.GetProperty("images").GetInt32());
        Assert.IsLessThan(0.3, run.Json.GetProperty("sizeShare").GetDouble());
        Assert.IsTrue(File.Exists(target));
        SampleProcess measured = SampleProcess.Run("evaluate", "--json", "--model", target, "--data", s_model.HeldFolder);
        Assert.AreEqual(run.Json.GetProperty("quantizedAccuracy").GetDouble(), measured.Json.GetProperty("accuracy").GetDouble(), 1e-9, measured.Error);
    }

    private static float[][] Scores(VitTransformer model, IDataView rows) => [.. model.Transform(rows).GetColumn<float[]>("Score")];

    private static void AssertSame(float[][] expected, float[][] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i], found[i]);
        }
    }

    private static byte[] Saved(VitTransformer model)
    {
        using var stream = new MemoryStream();
        s_model.Ml.Model.Save(model, s_model.Held.Schema, stream);
        return stream.ToArray();
    }

    private static byte[] Replaced(byte[] bytes, string original, string replaced)
    {
        string text = Encoding.Latin1.GetString(bytes);
        StringAssert.Contains(text, original);
        return Encoding.Latin1.GetBytes(text.Replace(original, replaced));
    }

    /// <summary>The weights with the first value of a tensor changed.</summary>
    private static byte[] Overwritten(byte[] bytes, string tensor, float value)
    {
        int header = (int)BitConverter.ToInt64(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        int begin = json.RootElement.GetProperty(tensor).GetProperty("data_offsets")[0].GetInt32();
        byte[] changed = [.. bytes];
        BitConverter.TryWriteBytes(changed.AsSpan(8 + header + begin), value);
        return changed;
    }

    private static byte[] WithWeights(byte[] model, Func<byte[], byte[]> change)
    {
        using var changed = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(model)))
        using (var target = new ZipArchive(changed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using var content = new MemoryStream();
                using (Stream stream = entry.Open())
                {
                    stream.CopyTo(content);
                }
                using Stream written = target.CreateEntry(entry.FullName).Open();
                written.Write(entry.Name == "weights.safetensors" ? change(content.ToArray()) : content.ToArray());
            }
        }
        return changed.ToArray();
    }

    private sealed class ImageOnly
    {
        [VectorType(3 * 16 * 16)]
        public float[] Features { get; set; } = [];
    }
}
