using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Onnx;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Onnx;

[TestClass]
public sealed class OnnxExportTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void ApplyOnnxModelPredictsWhatTheModelPredicts()
    {
        using var folder = new TemporaryFolder();
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 10 }).Fit(data);
        model.SaveAsOnnx(folder["m.onnx"]);

        // Float columns hold what the network normalises, ONNX's input what it has normalised.
        Preprocessing preprocessing = model.Preprocessing;
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(48, seed: 9).Select(row => new OnnxRow { PixelValues = Normalized(row.Features, preprocessing) }));
        using Transforms.Onnx.OnnxTransformer onnx = s_ml.Transforms.ApplyOnnxModel("probabilities", "pixel_values", folder["m.onnx"]).Fit(rows);
        float[][] expected = [.. model.Transform(s_ml.Data.LoadFromEnumerable(TestImages.Pixels(48, seed: 9))).GetColumn<float[]>("Score")];
        float[][] found = [.. onnx.Transform(rows).GetColumn<float[]>("probabilities")];
        Assert.HasCount(48, found);
        for (int i = 0; i < found.Length; i++)
        {
            Assert.AreEqual(Array.IndexOf(expected[i], expected[i].Max()), Array.IndexOf(found[i], found[i].Max()));
            Assert.IsLessThan(1e-4, expected[i].Zip(found[i], (a, b) => Math.Abs(a - b)).Max());
        }
    }

    [TestMethod]
    public void TheFileTellsClassNamesPreprocessingAndProducer()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        var preprocessing = new Preprocessing { Size = 16, Mean = [0.1, 0.2, 0.3], Std = [0.5], Interpolation = Interpolation.Lanczos };
        string[] names = ["rose", "\"quoted\"", "Ünï, かな"];
        OnnxExport.Save(folder["m.onnx"], network, preprocessing, names, new OnnxOptions());
        using var session = new OnnxSession(folder["m.onnx"]);
        Dictionary<string, string> metadata = session.Metadata.CustomMetadataMap;
        CollectionAssert.AreEqual(names, JsonSerializer.Deserialize<string[]>(metadata["class_names"]));
        CollectionAssert.AreEqual(new[] { 16, 16 }, JsonSerializer.Deserialize<int[]>(metadata["image_size"]));
        CollectionAssert.AreEqual(new[] { 0.1, 0.2, 0.3 }, JsonSerializer.Deserialize<double[]>(metadata["mean"]));
        CollectionAssert.AreEqual(new[] { 0.5 }, JsonSerializer.Deserialize<double[]>(metadata["std"]));
        using JsonDocument document = JsonDocument.Parse(metadata["preprocessing"]);
        Assert.AreEqual("lanczos", document.RootElement.GetProperty("interpolation").GetString());
        Assert.AreEqual("Microsoft.ML.Vit", session.Metadata.ProducerName);
    }

    [TestMethod]
    public void ProbabilitiesAreTheSoftmaxOfTheLogits()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        OnnxExport.Save(folder["m.onnx"], network, RandomNetwork.PreprocessingOf(TinyConfig.Value), null, new OnnxOptions());
        using var session = new OnnxSession(folder["m.onnx"]);
        Tensor images = RandomNetwork.Images(TinyConfig.Value, 4);
        Assert.AreEqual(("pixel_values", "probabilities"), (session.InputName, session.OutputNames.Single()));
        CollectionAssert.AreEqual(new[] { "batch", "", "", "" }, session.Input.SymbolicDimensions);
        Assert.IsLessThan(1e-5, session.Run(images).LargestDifference(network.forward(images).softmax(1)));
    }

    [TestMethod]
    public void OptionsThatCannotBeMetAreRefused()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        void Save(OnnxOptions options) => OnnxExport.Save(folder["m.onnx"], network, RandomNetwork.PreprocessingOf(TinyConfig.Value), null, options);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Save(new OnnxOptions { Opset = 16 })).Message, "Opset is 16; expected 17 to 21");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Save(new OnnxOptions { Opset = 17, IncludePreprocessing = true })).Message, "antialiasing");
        Assert.IsFalse(File.Exists(folder["m.onnx"]));
    }

    [TestMethod]
    public void ADisposedModelIsRefused()
    {
        using var folder = new TemporaryFolder();
        VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(EstimatorConformanceTests.Keyed(s_ml));
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.SaveAsOnnx(folder["m.onnx"]));
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void WritingLeavesNoTensorBehind()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = RandomNetwork.Build(TinyConfig.Value);
        void Save() => OnnxExport.Save(folder["m.onnx"], network, RandomNetwork.PreprocessingOf(TinyConfig.Value), null, new OnnxOptions());
        Save();
        Assert.AreEqual(0, Leaks.TensorsLeft(Save));
    }

    private static float[] Normalized(float[] pixels, Preprocessing preprocessing)
    {
        int plane = pixels.Length / preprocessing.Channels;
        double At(IReadOnlyList<double> values, int index) => values[values.Count == 1 ? 0 : index / plane];
        return [.. pixels.Select((value, i) => (float)(((value * preprocessing.RescaleFactor) - At(preprocessing.Mean, i)) / At(preprocessing.Std, i)))];
    }

    private sealed class OnnxRow
    {
        [VectorType(3, 16, 16)]
        [ColumnName("pixel_values")]
        public float[] PixelValues { get; set; } = [];
    }
}
