using System.Text;
using System.Text.Json;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class PreprocessorConfigTests
{
    [TestMethod]
    public void TheNewerFormIsRead()
    {
        Preprocessing found = Read("""
            { "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6], "image_processor_type": "ViTImageProcessor",
              "resample": 3, "rescale_factor": 0.00784313725490196, "size": { "height": 384, "width": 256 }, "crop_size": null, "do_convert_rgb": null, "size_divisor": 7 }
            """);
        Same(new Preprocessing { Size = new(384, 256), Interpolation = Interpolation.Bicubic, RescaleFactor = 0.00784313725490196, Mean = [0.1, 0.2, 0.3], Std = [0.4, 0.5, 0.6] }, found);
    }

    [TestMethod]
    [DataRow("""{ "feature_extractor_type": "ViTFeatureExtractor", "size": 32, "resample": 2, "do_resize": true, "do_normalize": true, "image_mean": [0.5], "image_std": 0.5 }""")]
    [DataRow("""{ "image_processor_type": "ViTImageProcessorFast", "size": [32, 32] }""")]
    [DataRow("""{ "size": 32 }""")]
    public void TheOlderFormRescalesWithoutSayingSo(string json) => Same(new Preprocessing { Size = 32, Interpolation = Interpolation.Bilinear }, Read(json));

    [TestMethod]
    public void WhatIsAbsentIsTheClassesDefault()
    {
        Same(new Preprocessing { Interpolation = Interpolation.Bilinear }, Read("{}"));
        Same(new Preprocessing { ResizeTo = 256 }, Read("""{ "image_processor_type": "DeiTImageProcessor" }"""));
        Same(new Preprocessing { ResizeTo = 256 }, Read("{}", "deit"));
        Same(new Preprocessing { ResizeTo = 256, Size = new(100, 200) }, Read("""{ "feature_extractor_type": "DeiTFeatureExtractor", "crop_size": [100, 200] }"""));
        Preprocessing bit = Read("""{ "image_processor_type": "BitImageProcessor", "size": 300, "crop_size": 280 }""");
        Same(new Preprocessing { Size = 280, ResizeTo = 300, KeepAspectRatio = true, Mean = bit.Mean, Std = bit.Std }, bit);
        Assert.AreEqual(0.26862954, bit.Std[0]);
        Assert.IsTrue(Read("{}", "dinov2").KeepAspectRatio);
    }

    [TestMethod]
    public void StepsThatAreOffAreLeftOut()
    {
        Same(new Preprocessing { Size = 5, Interpolation = Interpolation.Bilinear, RescaleFactor = 1, Mean = [0], Std = [1] }, Read("""{ "size": 5, "do_rescale": false, "do_normalize": false }"""));
        Same(new Preprocessing { Size = 5 }, Read("""{ "image_processor_type": "DeiTImageProcessor", "size": 5, "do_center_crop": false, "crop_size": 4 }"""));
        Same(new Preprocessing { Size = 4, Interpolation = Interpolation.Bilinear, ResizeTo = 5 }, Read("""{ "size": 5, "do_center_crop": true, "crop_size": 4 }"""));
    }

    [TestMethod]
    [DataRow("[]", "JSON object")]
    [DataRow("{", "not JSON")]
    [DataRow("""{ "image_processor_type": "\ud800" }""", "not JSON")]
    [DataRow("""{ "image_processor_type": "OwlProcessor" }""", "image_processor_type is \"OwlProcessor\"; expected ViTImageProcessor")]
    [DataRow("""{ "image_processor_type": 5 }""", "image_processor_type is 5; expected text")]
    [DataRow("""{ "do_resize": false }""", "do_resize is false; expected true")]
    [DataRow("""{ "do_resize": 1 }""", "do_resize is 1; expected true or false")]
    [DataRow("""{ "do_pad": true }""", "do_pad is true; expected false")]
    [DataRow("""{ "size": "large" }""", "size is \"large\"; expected a finite number")]
    [DataRow("""{ "size": 32.5 }""", "size is 32.5; expected a whole number")]
    [DataRow("""{ "size": [1, 2, 3] }""", "size is [1, 2, 3]; expected")]
    [DataRow("""{ "size": { "height": 5 } }""", "expected height and width, or shortest_edge alone")]
    [DataRow("""{ "size": { "shortest_edge": 5, "longest_edge": 9 } }""", "expected height and width, or shortest_edge alone")]
    [DataRow("""{ "size": { "height": 5, "width": [5, 5] } }""", "size: width is [5, 5]")]
    [DataRow("""{ "size": { "shortest_edge": 5 } }""", "do_center_crop is absent; expected true")]
    [DataRow("""{ "do_center_crop": true }""", "crop_size is absent")]
    [DataRow("""{ "do_center_crop": true, "crop_size": { "shortest_edge": 5 } }""", "crop_size")]
    [DataRow("""{ "size": -3 }""", "-3x-3")]
    [DataRow("""{ "size": 99999999999 }""", "size is 99999999999")]
    [DataRow("""{ "resample": 6 }""", "resample is 6; expected a filter")]
    [DataRow("""{ "resample": "bicubic" }""", "resample")]
    [DataRow("""{ "rescale_factor": 0 }""", "RescaleFactor is 0")]
    [DataRow("""{ "image_mean": [0.5, 0.5] }""", "Mean has 2 values")]
    [DataRow("""{ "image_mean": [] }""", "image_mean is []; expected at least one number")]
    [DataRow("""{ "image_std": [0, 1, 1] }""", "Std is [0, 1, 1]")]
    [DataRow("""{ "image_std": [1e999, 1, 1] }""", "image_std")]
    public void AMalformedFileIsRefusedByName(string json, string expected)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => Read(json));
        StringAssert.StartsWith(error.Message, "preprocessor_config.json: ");
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void WhatIsWrittenIsReadAsTheSame()
    {
        Preprocessing[] cases =
        [
            new() { Size = new(32, 48), Interpolation = Interpolation.Bilinear, Mean = [0.1, 0.2, 0.3], Std = [0.4, 0.5, 0.6], RescaleFactor = 1 },
            new() { Size = 224, ResizeTo = new(256, 300), Interpolation = Interpolation.Lanczos },
            new() { Size = new(224, 200), ResizeTo = 256, KeepAspectRatio = true },
            new() { Size = 28, Channels = 1, Mean = [0], Std = [1] },
        ];
        foreach (Preprocessing preprocessing in cases)
        {
            using var written = new MemoryStream(PreprocessorConfig.Write(preprocessing));
            Preprocessing found = PreprocessorConfig.Read(written, "written", preprocessing.Channels);
            Same(preprocessing, found);
        }
        Preprocessing squared = PreprocessorConfig.Read(new MemoryStream(PreprocessorConfig.Write(new() { Size = 9, KeepAspectRatio = true })), "written");
        Assert.AreEqual(((PixelSize?)9, true), (squared.ResizeTo, squared.KeepAspectRatio));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => PreprocessorConfig.Write(new() { Size = new(9, 8), KeepAspectRatio = true })).Message, "cover 9x8");
    }

    [TestMethod]
    [TestCategory("Fixtures")]
    public void FilesOfTransformersAreReadAndWrittenBack()
    {
        int found = 0;
        foreach (string path in Fixtures.FoldersLike("hf-").Select(folder => Path.Combine(folder, "preprocessor_config.json")).Where(File.Exists))
        {
            byte[] file = File.ReadAllBytes(path);
            Preprocessing read = PreprocessorConfig.Read(new MemoryStream(file), path);
            byte[] written = PreprocessorConfig.Write(read);
            Same(read, PreprocessorConfig.Read(new MemoryStream(written), "written"));
            using JsonDocument theirs = JsonDocument.Parse(file);
            using JsonDocument ours = JsonDocument.Parse(written);
            foreach (JsonProperty property in ours.RootElement.EnumerateObject().Where(property => property.Name is not ("image_processor_type" or "do_center_crop")))
            {
                if (theirs.RootElement.TryGetProperty(property.Name, out JsonElement original) && original.ValueKind == property.Value.ValueKind)
                {
                    Assert.IsTrue(JsonElement.DeepEquals(original, property.Value), $"{path}: {property.Name}");
                }
            }
            found++;
        }
        if (found == 0)
        {
            Assert.Inconclusive("No preprocessor_config.json on this machine.");
        }
    }

    /// <summary>Lists compare by reference in records; channels of one value each count as one value.</summary>
    internal static void Same(Preprocessing expected, Preprocessing found)
    {
        IReadOnlyList<double> none = [];
        Assert.AreEqual(expected with { Mean = none, Std = none }, found with { Mean = none, Std = none });
        for (int channel = 0; channel < expected.Channels; channel++)
        {
            Assert.AreEqual(expected.Mean[channel % expected.Mean.Count], found.Mean[channel % found.Mean.Count], 1e-15);
            Assert.AreEqual(expected.Std[channel % expected.Std.Count], found.Std[channel % found.Std.Count], 1e-15);
        }
    }

    private static Preprocessing Read(string json, string? modelType = null) =>
        PreprocessorConfig.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), "preprocessor_config.json", modelType: modelType);
}
