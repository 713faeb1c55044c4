using Microsoft.ML.Data;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Onnx;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Onnx;

/// <summary>Preprocessing within the graph against the library's own.</summary>
[TestClass]
public sealed class OnnxPreprocessingTests
{
    private static readonly PixelSize[] s_sizes = [new(61, 97), new(120, 45), new(17, 16), new(16, 16), new(9, 12), new(333, 500), new(5, 40)];

    private static IEnumerable<Preprocessing> Preprocessings()
    {
        var basis = new Preprocessing { Size = 16, Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] };
        foreach (Interpolation interpolation in new[] { Interpolation.Nearest, Interpolation.Bilinear, Interpolation.Bicubic })
        {
            yield return basis with { Interpolation = interpolation };
            yield return basis with { Interpolation = interpolation, ResizeTo = 19, KeepAspectRatio = true };
        }
        yield return basis with { ResizeTo = new PixelSize(21, 16), CropRoundsToEven = true };
        yield return basis with { ResizeTo = 19, KeepAspectRatio = true, CropRoundsToEven = true };
        yield return basis with { ResizeTo = new PixelSize(18, 23), KeepAspectRatio = true };
        yield return basis with { ResizeTo = new PixelSize(11, 20) };
        yield return basis with { ResizeTo = 10, KeepAspectRatio = true };
        yield return basis with { Size = 224, ResizeTo = 256, KeepAspectRatio = true };
        yield return basis with { Channels = 1, Mean = [0.5], Std = [0.25], RescaleFactor = 1 };
    }

    [TestMethod]
    [DataRow(18)]
    [DataRow(20)]
    public void PixelsAreThoseOfTheLibraryButForRounding(int opset)
    {
        long off = 0, all = 0;
        foreach (Preprocessing preprocessing in Preprocessings())
        {
            using var folder = new TemporaryFolder();
            ModelProto model = Written(folder, preprocessing, opset);
            OnnxRules.AssertKept(model, preprocessing);
            using var session = new OnnxSession(model);
            foreach (PixelSize size in s_sizes)
            {
                using var scope = NewDisposeScope();
                byte[] interleaved = Photograph(size, preprocessing.Channels, 2);
                (IReadOnlyDictionary<string, Tensor> floats, IReadOnlyDictionary<string, long[]> shapes) = session.RunAll(interleaved, 2, size.Height, size.Width, preprocessing.Channels);
                AssertDeclared(model, shapes, preprocessing, size);
                byte[] expected = [.. Fitted(interleaved, size, preprocessing, 0), .. Fitted(interleaved, size, preprocessing, 1)];
                float[] found = floats["pixel_values"].data<float>().ToArray();
                Assert.HasCount(expected.Length, found);
                int plane = preprocessing.Size.Height * preprocessing.Size.Width;
                for (int i = 0; i < found.Length; i++)
                {
                    int channel = i / plane % preprocessing.Channels;
                    double mean = preprocessing.Mean[channel % preprocessing.Mean.Count], std = preprocessing.Std[channel % preprocessing.Std.Count];
                    double level = ((found[i] * std) + mean) / preprocessing.RescaleFactor;
                    if (Math.Abs(expected[i] - level) > 1.001)
                    {
                        Assert.Fail($"pixel {i} of {size} by {preprocessing} is {level}, the library's {expected[i]}");
                    }
                    off += Math.Abs(expected[i] - level) > 0.5 ? 1 : 0;
                    all++;
                }
            }
        }
        Console.WriteLine($"{off} of {all} pixels are off by one level.");
        Assert.IsLessThan(all / 1000, off);
    }

    [TestMethod]
    [DataRow(Interpolation.Lanczos)]
    [DataRow(Interpolation.Box)]
    [DataRow(Interpolation.Hamming)]
    public void FiltersThatOnnxLacksAreRefused(Interpolation interpolation)
    {
        using var folder = new TemporaryFolder();
        NotSupportedException refused = Assert.ThrowsExactly<NotSupportedException>(() => Written(folder, new Preprocessing { Size = 16, Interpolation = interpolation }, 20));
        StringAssert.Contains(refused.Message, interpolation.ToString());
        refused = Assert.ThrowsExactly<NotSupportedException>(() => Written(folder, new Preprocessing { Size = 16, Channels = 5 }, 20));
        StringAssert.Contains(refused.Message, "1 or 3 channels");
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void AFolderOfImagesIsPredictedAlikeByApplyOnnxModel()
    {
        var ml = new MLContext(seed: 1);
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 40);
        IDataView images = ml.Data.LoadFromEnumerable(Directory.EnumerateFiles(folder["images"], "*.png", SearchOption.AllDirectories).Order()
            .Select(path => new ImagePathRow { Path = path, Label = Path.GetFileName(Path.GetDirectoryName(path)!) }));
        IDataView rows = ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.Transforms.LoadImages("Features", "", "Path")).Fit(images).Transform(images);
        using VitTransformer model = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 20 }).Fit(rows);
        model.SaveAsOnnx(folder["m.onnx"], new OnnxOptions { IncludePreprocessing = true });

        var pipeline = ml.Transforms.ResizeImages("Sized", 40, 40, "Features")
            .Append(ml.Transforms.ExtractPixels("image", "Sized", interleavePixelColors: true, outputAsFloatArray: false))
            .Append(ml.Transforms.ApplyOnnxModel(["probabilities"], ["image"], folder["m.onnx"], shapeDictionary: new Dictionary<string, int[]> { ["image"] = [1, 40, 40, 3] }, gpuDeviceId: null, fallbackToCpu: false));
        IDataView scored = pipeline.Fit(rows).Transform(rows);
        float[][] expected = [.. model.Transform(rows).GetColumn<float[]>("Score")], found = [.. scored.GetColumn<float[]>("probabilities")];
        Assert.HasCount(24, found);
        Assert.IsGreaterThan(1, expected.Select(scores => Array.IndexOf(scores, scores.Max())).Distinct().Count());
        for (int i = 0; i < found.Length; i++)
        {
            Assert.AreEqual(Array.IndexOf(expected[i], expected[i].Max()), Array.IndexOf(found[i], found[i].Max()));
            Assert.IsLessThan(1e-2, expected[i].Zip(found[i], (a, b) => Math.Abs(a - b)).Max());
        }
    }

    private static ModelProto Written(TemporaryFolder folder, Preprocessing preprocessing, int opset)
    {
        PixelSize size = preprocessing.Size;
        VitConfig config = TinyConfig.Value with { Channels = preprocessing.Channels, ImageSize = size, PatchSize = new PixelSize(size.Height / 4, size.Width / 4) };
        using VisionTransformer network = RandomNetwork.Build(config);
        OnnxExport.Save(folder["m.onnx"], network, preprocessing, null, new OnnxOptions { IncludePreprocessing = true, Opset = opset });
        return ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["m.onnx"]));
    }

    /// <summary>Soft shapes with noise, (count, height, width, channels).</summary>
    private static byte[] Photograph(PixelSize size, int channels, int count)
    {
        var random = new Random(size.Height);
        byte[] pixels = new byte[count * size.Height * size.Width * channels];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / channels % size.Width, y = i / channels / size.Width;
            pixels[i] = (byte)Math.Clamp(127 + (100 * Math.Sin((x * 0.21) + (i % channels))) + (60 * Math.Cos(y * 0.13)) + random.Next(-30, 31), 0, 255);
        }
        return pixels;
    }

    private static byte[] Fitted(byte[] interleaved, PixelSize size, Preprocessing preprocessing, int index)
    {
        int channels = preprocessing.Channels, plane = size.Height * size.Width;
        using var image = new PlanarImage(size, channels);
        for (int i = 0; i < plane * channels; i++)
        {
            image.Pixels[(i % channels * plane) + (i / channels)] = interleaved[(index * plane * channels) + i];
        }
        byte[] fitted = new byte[channels * preprocessing.Size.Height * preprocessing.Size.Width];
        new ImageFitter(preprocessing).Fit(image, fitted);
        return fitted;
    }

    private static void AssertDeclared(ModelProto model, IReadOnlyDictionary<string, long[]> found, Preprocessing preprocessing, PixelSize size)
    {
        foreach (ValueInfoProto value in model.Graph.ValueInfo)
        {
            long[] shape = found[value.Name];
            Assert.AreEqual(shape.Length, value.Type.TensorType.Shape.Dim.Count);
            foreach ((TensorShapeProto.Types.Dimension dimension, long length) in value.Type.TensorType.Shape.Dim.Zip(shape))
            {
                Assert.IsTrue(dimension.DimParam.Length > 0 || dimension.DimValue == length, $"{value.Name} of {size} by {preprocessing}");
            }
        }
    }

    private sealed class ImagePathRow
    {
        public string Path { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
