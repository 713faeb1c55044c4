using System.Collections.Concurrent;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests;

/// <summary>Training from a model that was saved before.</summary>
[TestClass]
public sealed class WarmStartTests
{
    /// <summary>A rate that changes nothing: what comes out is what went in.</summary>
    private static readonly VitOptimizer s_still = new SgdOptimizer { LearningRate = 1e-60 };

    private static readonly VitOptions s_options = new() { Epochs = 1, BatchSize = 8, Seed = 1, Device = "cpu", Augmentations = [], Optimizer = s_still };

    private static TemporaryFolder? s_folder;
    private static string s_saved = "";

    [ClassInitialize]
    public static void SaveAModelOfThreeClassesWithinAChain(TestContext context)
    {
        s_folder = new TemporaryFolder();
        s_saved = s_folder["former.zip"];
        var ml = new MLContext(1);
        IDataView rows = Rows(ml, "red", "green", "blue");
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = TestImages.TinyModel with { Positions = VitPositions.Learned } }))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(rows);
        ml.Model.Save(model, rows.Schema, s_saved);
    }

    [ClassCleanup]
    public static void Delete() => s_folder?.Dispose();

    [TestMethod]
    public void TheSameClassesInAnotherOrderScoreTheSame()
    {
        var ml = new MLContext(1);
        IDataView data = Keyed(ml, "blue", "red", "green");
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = s_saved }).Fit(data);
        ITransformer former = ml.Model.Load(s_saved, out _);
        using var disposable = (IDisposable)former;
        VitTransformer its = ((IEnumerable<ITransformer>)former).OfType<VitTransformer>().Single();
        CollectionAssert.AreEqual(new[] { "blue", "red", "green" }, model.ClassNames.ToArray());
        Assert.AreEqual(its.Preprocessing.Mean[0], model.Preprocessing.Mean[0]);
        float[][] before = [.. former.Transform(Rows(ml, "blue", "red", "green")).GetColumn<float[]>("Score")];
        float[][] after = [.. model.Transform(data).GetColumn<float[]>("Score")];
        for (int i = 0; i < before.Length; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                Assert.AreEqual(before[i][its.ClassNames.ToList().IndexOf(model.ClassNames[c])], after[i][c], 1e-6f);
            }
        }
    }

    [TestMethod]
    [DataRow("red green blue violet", "3 of 3 classes are kept (red, green, blue), 1 are new (violet), 0 are left out")]
    [DataRow("green red", "2 of 3 classes are kept (green, red), 0 are new, 1 are left out (blue)")]
    [DataRow("round square", "0 of 3 classes are kept, 2 are new (round, square), 3 are left out (red, green, blue)")]
    public void RowsOfClassesOfTheSameNameAreKeptAndOthersNew(string classes, string said)
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        using var folder = new TemporaryFolder();
        IDataView data = Keyed(ml, classes.Split(' '));
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = s_saved }).Fit(data);
        Assert.IsTrue(log.Any(line => line.Contains(said)), string.Join('\n', log));
        ml.Model.Save(model, data.Schema, folder["m.zip"]);
        Dictionary<string, byte[]> before = SavedWeights.OfZip(s_saved), after = SavedWeights.OfZip(folder["m.zip"]);
        foreach (string name in before.Keys.Where(name => !name.StartsWith("head", StringComparison.Ordinal)))
        {
            CollectionAssert.AreEqual(before[name], after[name], name);
        }
        string[] former = ["red", "green", "blue"];
        foreach (string tensor in new[] { "head.weight", "head.bias" })
        {
            int row = before[tensor].Length / former.Length;
            foreach ((int index, string name) in model.ClassNames.Index())
            {
                int source = Array.IndexOf(former, name);
                byte[] expected = source < 0 ? new byte[row] : before[tensor][(source * row)..((source + 1) * row)];
                CollectionAssert.AreEqual(expected, after[tensor][(index * row)..((index + 1) * row)], $"{tensor} of {name}");
            }
        }
    }

    [TestMethod]
    public void AnotherImageSizeResizesThePositionsAndAnotherArchitectureIsNamed()
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        VitConfig saved = TestImages.TinyModel with { Positions = VitPositions.Learned };
        IDataView larger = Keyed(ml, 32, "red", "green", "blue");
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = s_saved, Model = saved with { ImageSize = 32, DropPath = 0.1, PatchDropout = 0.25 } }).Fit(larger);
        Assert.AreEqual(((PixelSize)32, 0.1, 0.25), (model.Model.ImageSize, model.Model.DropPath, model.Model.PatchDropout));
        Assert.AreEqual((PixelSize)32, model.Preprocessing.Size);
        Assert.IsTrue(log.Any(line => line.Contains("Positions are resized from a grid of 2x2 to 4x4")), string.Join('\n', log));

        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = s_saved, Model = saved with { Width = 32, Dropout = 0.1 } }).Fit(larger));
        StringAssert.Contains(e.Message, "Width was 16 and is 32");
        Assert.IsFalse(e.Message.Contains("Dropout was"), e.Message);
    }

    [TestMethod]
    public void FrozenPartsStayAndTheDefaultsAreThoseOfFineTuning()
    {
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        IDataView data = Keyed(ml, "red", "green", "violet");
        VitOptions options = s_options with { WarmStart = s_saved, FreezeBackbone = true, Optimizer = null, Epochs = null };
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        Assert.AreEqual(20, model.History.Count);
        Assert.AreEqual(1e-3, model.History.Max(m => m.LearningRate), 1e-4);
        ml.Model.Save(model, data.Schema, folder["m.zip"]);
        Dictionary<string, byte[]> before = SavedWeights.OfZip(s_saved), after = SavedWeights.OfZip(folder["m.zip"]);
        foreach (string name in before.Keys)
        {
            Assert.AreEqual(!name.StartsWith("head", StringComparison.Ordinal), before[name].AsSpan().SequenceEqual(after[name]), name);
        }
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ml.MulticlassClassification.Trainers.Vit(options with { FreezeBackbone = false, FrozenBlocks = 2 }).Fit(data));
    }

    [TestMethod]
    public void AFrozenStemNormalisesByWhatItLearnedAndKeepsIt()
    {
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        IDataView data = Keyed(ml, "red", "green", "blue");
        VitConfig convolutional = TestImages.TinyModel with { Stem = VitStem.Convolutions };
        using (VitTransformer former = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = convolutional }).Fit(data))
        {
            ml.Model.Save(former, data.Schema, folder["former.zip"]);
        }
        Dictionary<string, byte[]> before = SavedWeights.OfZip(folder["former.zip"]);
        string[] statistics = [.. before.Keys.Where(name => name.Contains("running_", StringComparison.Ordinal))];
        Assert.IsNotEmpty(statistics);
        foreach ((VitOptions options, bool stay) in new[] { (s_options, false), (s_options with { FrozenBlocks = 1 }, true), (s_options with { FreezeBackbone = true, Augmentations = [new HorizontalFlip()] }, true) })
        {
            using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(options with { WarmStart = folder["former.zip"], Optimizer = new AdamWOptimizer() }).Fit(data);
            ml.Model.Save(model, data.Schema, folder["after.zip"]);
            Dictionary<string, byte[]> after = SavedWeights.OfZip(folder["after.zip"]);
            foreach (string name in statistics)
            {
                Assert.AreEqual(stay, before[name].AsSpan().SequenceEqual(after[name]), name);
            }
        }
    }

    [TestMethod]
    public void FilesThatHoldNoClassifierAreNamed()
    {
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        IDataView data = Keyed(ml, "red", "green");
        ITransformer other = ml.Transforms.CopyColumns("A", "Label").Fit(data);
        ml.Model.Save(other, data.Schema, folder["other.zip"]);
        File.WriteAllText(folder["text.zip"], "no zip");
        byte[] whole = File.ReadAllBytes(s_saved);
        File.WriteAllBytes(folder["cut.zip"], whole[..(whole.Length / 2)]);
        foreach (string file in new[] { "other.zip", "text.zip", "cut.zip" })
        {
            FormatException e = Assert.ThrowsExactly<FormatException>(() => ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = folder[file] }).Fit(data));
            StringAssert.Contains(e.Message, folder[file]);
        }
        Assert.ThrowsExactly<FileNotFoundException>(() => ml.MulticlassClassification.Trainers.Vit(s_options with { WarmStart = folder["none.zip"] }).Fit(data));
    }

    [TestMethod]
    public void ItGoesOnFromCheckpointsAndLeavesNoTensors()
    {
        var ml = new MLContext(1);
        using var folder = new TemporaryFolder();
        IDataView data = Keyed(ml, "red", "green", "violet");
        VitOptions options = s_options with { WarmStart = s_saved, Optimizer = new AdamWOptimizer() };
        long once = Leaks.TensorsLeft(() => ml.MulticlassClassification.Trainers.Vit(options).Fit(data).Dispose());
        Assert.AreEqual(once, Leaks.TensorsLeft(() => ml.MulticlassClassification.Trainers.Vit(options with { Epochs = 3, CheckpointDirectory = folder.Path }).Fit(data).Dispose()));
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(
            () => ml.MulticlassClassification.Trainers.Vit(options with { Epochs = 3, CheckpointDirectory = folder.Path, WarmStart = null, Model = TestImages.TinyModel }).Fit(data));
        StringAssert.Contains(e.Message, "WarmStart was former.zip of ");
    }

    private static IDataView Keyed(MLContext ml, params string[] classes) => Keyed(ml, 16, classes);

    private static IDataView Keyed(MLContext ml, int side, params string[] classes)
    {
        IDataView rows = Rows(ml, side, classes);
        return ml.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
    }

    private static IDataView Rows(MLContext ml, params string[] classes) => Rows(ml, 16, classes);

    /// <summary>Rows whose labels are these, in turn.</summary>
    private static IDataView Rows(MLContext ml, int side, string[] classes) => ml.Data.LoadFromEnumerable(
        TestImages.Pixels(24, side).Select((row, i) => new PixelRow { Label = classes[i % classes.Length], Features = row.Features, Number = i }).ToArray(),
        SchemaFor(side));

    private static SchemaDefinition SchemaFor(int side)
    {
        var schema = SchemaDefinition.Create(typeof(PixelRow));
        schema["Features"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3 * side * side);
        return schema;
    }
}
