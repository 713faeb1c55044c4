using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Scoring;

[TestClass]
public sealed class BFloat16Tests
{
    private static readonly MLContext s_ml = new(seed: 1);

    private static IDataView s_data = null!;

    private static VitTransformer s_model = null!;

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        s_data = EstimatorConformanceTests.Keyed(s_ml, 48);
        s_model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 20 }).Fit(s_data);
    }

    [ClassCleanup]
    public static void Free() => s_model.Dispose();

    [TestMethod]
    public void ScoresAgreeWithFloat32()
    {
        using VitTransformer half = s_model.WithPrecision(VitPrecision.BFloat16);
        Assert.AreEqual((VitPrecision.Float32, VitPrecision.BFloat16), (s_model.Precision, half.Precision));
        double furthest = Furthest(Scores(s_model), Scores(half));
        Assert.IsTrue(furthest is > 0 and < 0.02, $"{furthest}");
        CollectionAssert.AreEqual(s_model.ClassNames.ToArray(), half.ClassNames.ToArray());
        CollectionAssert.AreEqual(s_model.History.ToArray(), half.History.ToArray());
    }

    public static IEnumerable<object[]> Networks() => TinyConfig.Switches().Append(VitConfig.Tiny16 with { Classes = 10, Depth = 3 }).Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void EveryArchitectureKeepsItsBlocksInHalfTheMemoryAndComesNear(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(3);
        using var network = new VisionTransformer(config, generator);
        network.eval();
        using VisionTransformer half = network.Copy(ScalarType.BFloat16);
        half.eval();
        Tensor images = randn([2, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
        Tensor expected = network.forward(images), found = half.forward(images);
        Assert.AreEqual(ScalarType.Float32, found.dtype);
        Assert.IsLessThan(0.05, ((expected - found).norm() / expected.norm()).item<float>());
        long Bytes(VisionTransformer its, Func<string, bool> which) => its.State().Where(tensor => which(tensor.Name)).Sum(tensor => tensor.Tensor.numel() * tensor.Tensor.ElementSize);
        bool IsMatrix(string name) => Regex.IsMatch(name, @"^blocks\.\d+\.(attn\.(qkv|proj)|mlp\.fc[12])\.");
        Assert.AreEqual(Bytes(network, IsMatrix), 2 * Bytes(half, IsMatrix));
        Assert.AreEqual(Bytes(network, name => !IsMatrix(name)), Bytes(half, name => !IsMatrix(name)));
    }

    [TestMethod]
    public void NineTenthsOfATinyVitAreMatricesOfItsBlocks()
    {
        using var network = new VisionTransformer(VitConfig.Tiny16 with { Classes = 1000 }, generator: null);
        long Bytes() => network.State().Sum(tensor => tensor.Tensor.numel() * tensor.Tensor.ElementSize);
        long single = Bytes();
        network.KeepMatricesIn(ScalarType.BFloat16);
        Assert.IsLessThan(0.55, (double)Bytes() / single);
    }

    [TestMethod]
    public void AutoMeasuresOnceTellsWhatAndTakesTheFaster()
    {
        var ml = new MLContext(seed: 1);
        var lines = new List<string>();
        ml.Log += (_, message) => lines.Add(message.Message);
        using VitTransformer trained = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(s_data);
        using VitTransformer first = trained.WithPrecision(VitPrecision.Auto);
        using VitTransformer second = first.WithPrecision(VitPrecision.Auto);
        string[] told = [.. lines.Where(line => line.Contains("Precision Auto")).Select(line => line[line.IndexOf("Precision Auto", StringComparison.Ordinal)..])];
        Assert.HasCount(2, told);
        Assert.AreEqual(told[0], told[1], "measured once");
        Match rates = Regex.Match(told[0], @"at (\d+) GFLOP/s in float32, (\d+) in bfloat16; computes in (\w+)");
        Assert.IsTrue(rates.Success, told[0]);
        Assert.AreEqual(first.Precision.ToString().ToLowerInvariant(), rates.Groups[3].Value);
        Assert.AreEqual(first.Precision, second.Precision);
    }

    [TestMethod]
    public void ZipKeepsWhatItScoresWith()
    {
        using var folder = new TemporaryFolder();
        using VitTransformer half = s_model.WithPrecision(VitPrecision.BFloat16);
        s_ml.Model.Save(s_model, s_data.Schema, folder["single.zip"]);
        s_ml.Model.Save(half, s_data.Schema, folder["half.zip"]);
        using var loaded = (VitTransformer)new MLContext().Model.Load(folder["half.zip"], out _);
        Assert.AreEqual(VitPrecision.BFloat16, loaded.Precision);
        Assert.AreEqual(0, Furthest(Scores(half), Scores(loaded)));
        Dictionary<string, byte[]> single = SavedWeights.OfZip(folder["single.zip"]), stored = SavedWeights.OfZip(folder["half.zip"]);
        Assert.AreEqual(single["blocks.0.attn.qkv.weight"].Length, 2 * stored["blocks.0.attn.qkv.weight"].Length);
        CollectionAssert.AreEqual(single["head.weight"], stored["head.weight"]);

        // Back in 32 bits nothing more is lost: the values stay.
        using VitTransformer wide = loaded.WithPrecision(VitPrecision.Float32);
        using VitTransformer again = wide.WithPrecision(VitPrecision.BFloat16);
        Assert.AreEqual(VitPrecision.Float32, wide.Precision);
        Assert.AreEqual(0, Furthest(Scores(half), Scores(again)));
    }

    [TestMethod]
    public void TrainedInBFloat16ItScoresAndIsSavedInIt()
    {
        using var folder = new TemporaryFolder();
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 20, Precision = VitPrecision.BFloat16 }).Fit(s_data);
        Assert.AreEqual(VitPrecision.BFloat16, model.Precision);
        Assert.AreEqual(1, s_ml.MulticlassClassification.Evaluate(model.Transform(s_data)).MicroAccuracy, 0.05);
        s_ml.Model.Save(model, s_data.Schema, folder["model.zip"]);
        using var loaded = (VitTransformer)new MLContext().Model.Load(folder["model.zip"], out _);
        Assert.AreEqual(0, Furthest(Scores(model), Scores(loaded)));
        // A training that begins with it is in 32 bits again.
        using VitTransformer further = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = null, Epochs = 1, WarmStart = folder["model.zip"] }).Fit(s_data);
        Assert.AreEqual(VitPrecision.Float32, further.Precision);
    }

    [TestMethod]
    public void CheckpointsForOtherProgramsAreOf32Bits()
    {
        using var folder = new TemporaryFolder();
        using var generator = new Generator(3);
        using var network = new VisionTransformer(TinyConfig.Value, generator);
        using VisionTransformer half = network.Copy(ScalarType.BFloat16), wide = half.Copy(ScalarType.Float32);
        CheckpointWriter.Save(folder["half"], CheckpointLayout.Timm, half);
        CheckpointWriter.Save(folder["wide"], CheckpointLayout.Timm, wide);
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(folder["wide"], "model.safetensors")), File.ReadAllBytes(Path.Combine(folder["half"], "model.safetensors")));
    }

    [TestMethod]
    public void TheTwoShareNothing()
    {
        VitTransformer single = s_model.WithPrecision(VitPrecision.Float32), half = single.WithPrecision(VitPrecision.BFloat16);
        float[][] expected = Scores(half);
        single.Dispose();
        Assert.AreEqual(0, Furthest(expected, Scores(half)));
        half.Dispose();
        half.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Scores(half));
        Assert.AreEqual(0, Furthest(Scores(s_model), Scores(s_model)));
        void Once()
        {
            using VitTransformer copy = s_model.WithPrecision(VitPrecision.BFloat16);
            Scores(copy);
        }
        long one = Leaks.TensorsLeft(Once);
        long Per(int times) => Leaks.TensorsLeft(() => Enumerable.Range(0, times).ToList().ForEach(_ => Once()));
        // Parameters count one each that TorchSharp never counts down; memory is what tells.
        long before = Leaks.ResidentMemory();
        Assert.AreEqual(10 * one, Per(10));
        Assert.IsLessThan(8L << 20, Leaks.ResidentMemory() - before);
    }

    [TestMethod]
    public void ItExplainsNearly()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], TestImages.Png(TestImages.Pixels(1).Single().Features, 16));
        using VitTransformer half = s_model.WithPrecision(VitPrecision.BFloat16);
        Explanation expected = s_model.Explain(folder["a.png"]), found = half.Explain(folder["a.png"]);
        Assert.AreEqual(expected.ClassName, found.ClassName);
        for (int i = 0; i < expected.Relevance.Count; i++)
        {
            Assert.AreEqual(expected.Relevance[i], found.Relevance[i], 0.1f * expected.Relevance.Max());
            Assert.AreEqual(expected.Rollout[i], found.Rollout[i], 0.02f);
        }
    }

    [TestMethod]
    public void UnknownPrecisionIsRefused() =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_model.WithPrecision((VitPrecision)7)).Message, "BFloat16");

    private static float[][] Scores(VitTransformer model) => [.. model.Transform(s_data).GetColumn<float[]>("Score")];

    private static double Furthest(float[][] expected, float[][] found) =>
        expected.Zip(found).Max(rows => rows.First.Zip(rows.Second).Max(scores => Math.Abs(scores.First - scores.Second)));
}
