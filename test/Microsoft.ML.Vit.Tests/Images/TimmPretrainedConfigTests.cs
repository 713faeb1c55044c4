using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class TimmPretrainedConfigTests
{
    private static readonly Preprocessing s_imageNet = new() { Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225], KeepAspectRatio = true, CropRoundsToEven = true };

    [TestMethod]
    public void TheSizeIsDividedByTheCropAndRoundedDown()
    {
        PreprocessorConfigTests.Same(s_imageNet with { ResizeTo = 248 }, Read("""{ "pretrained_cfg": { "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9 } }"""));
        PreprocessorConfigTests.Same(s_imageNet with { Size = 518 }, Read("""{ "pretrained_cfg": { "input_size": [3, 518, 518], "crop_pct": 1.0, "crop_mode": "center" } }"""));
        PreprocessorConfigTests.Same(
            s_imageNet with { Size = 384, ResizeTo = 438, KeepAspectRatio = false, Interpolation = Interpolation.Bilinear },
            Read("""{ "pretrained_cfg": { "input_size": [3, 384, 384], "crop_mode": "squash", "interpolation": "bilinear" } }"""));
    }

    [TestMethod]
    public void WhatIsAbsentIsTimmsDefault()
    {
        Preprocessing expected = s_imageNet with { ResizeTo = 256 };
        PreprocessorConfigTests.Same(expected, Read("{}"));
        PreprocessorConfigTests.Same(expected, Read("""{ "pretrained_cfg": { "crop_pct": null, "test_crop_pct": 1.0, "test_input_size": [3, 288, 288] } }"""));
    }

    [TestMethod]
    public void TheTestSizeIsTakenWhenAskedFor()
    {
        const string Json = """{ "pretrained_cfg": { "input_size": [3, 224, 224], "crop_pct": 0.95, "test_crop_pct": 1.0, "test_input_size": [3, 288, 288] } }""";
        PreprocessorConfigTests.Same(s_imageNet with { Size = 288 }, Read(Json, useTestSize: true));
        PreprocessorConfigTests.Same(s_imageNet with { ResizeTo = 235 }, Read(Json));
    }

    [TestMethod]
    public void TheOlderFormHasTheKeysInItsRoot() =>
        PreprocessorConfigTests.Same(
            s_imageNet with { Size = 32, ResizeTo = 35, Mean = [0.5], Std = [0.5] },
            Read("""{ "architecture": "vit_tiny_patch16_224", "input_size": [3, 32, 32], "crop_pct": 0.9, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 5 }"""));

    [TestMethod]
    public void ARectangleToCoverIsBilinearAsInTimm() =>
        PreprocessorConfigTests.Same(
            s_imageNet with { Size = new(24, 40), ResizeTo = new(26, 44), Interpolation = Interpolation.Bilinear },
            Read("""{ "pretrained_cfg": { "input_size": [3, 24, 40], "crop_pct": 0.9, "interpolation": "bicubic" } }"""));

    [TestMethod]
    [DataRow("""{ "pretrained_cfg": 5 }""", "pretrained_cfg is 5; expected an object")]
    [DataRow("""{ "pretrained_cfg": { "input_size": [224, 224] } }""", "pretrained_cfg: input_size is [224, 224]; expected channels")]
    [DataRow("""{ "pretrained_cfg": { "input_size": [3, 0, 224] } }""", "input_size")]
    [DataRow("""{ "pretrained_cfg": { "interpolation": "random" } }""", "interpolation is \"random\"; expected nearest")]
    [DataRow("""{ "pretrained_cfg": { "crop_mode": "border" } }""", "crop_mode is \"border\"; expected center or squash")]
    [DataRow("""{ "pretrained_cfg": { "crop_pct": -1 } }""", "crop_pct is -1; expected a number above 0")]
    [DataRow("""{ "pretrained_cfg": { "crop_pct": 1e-300 } }""", "ResizeTo is 2147483647x2147483647")]
    [DataRow("""{ "pretrained_cfg": { "crop_pct": "most" } }""", "crop_pct")]
    [DataRow("""{ "pretrained_cfg": { "mean": [0.5, "a", 0.5] } }""", "mean is [0.5, \"a\", 0.5]; expected a finite number")]
    [DataRow("""{ "pretrained_cfg": { "std": [0.5, 0.5, 0] } }""", "Std is [0.5, 0.5, 0]")]
    [DataRow("""{ "pretrained_cfg": { "input_size": [1, 28, 28], "mean": [0.5, 0.5, 0.5] } }""", "Mean has 3 values; expected 1 or one for each of 1 channels")]
    public void AMalformedFileIsRefusedByName(string json, string expected)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => Read(json));
        StringAssert.StartsWith(error.Message, "config.json: ");
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void WhatIsWrittenIsReadAsTheSame()
    {
        foreach (double cropPct in new[] { 0.5, 0.875, 0.9, 0.95, 0.96, 1 })
        {
            foreach (int side in new[] { 28, 32, 224, 384, 518 })
            {
                foreach (string mode in new[] { "center", "squash" })
                {
                    Preprocessing read = Read(FormattableString.Invariant($$"""{ "pretrained_cfg": { "input_size": [3, {{side}}, {{side}}], "crop_pct": {{cropPct}}, "crop_mode": "{{mode}}" } }"""));
                    PreprocessorConfigTests.Same(read, Read(Written(read)));
                }
            }
        }
        Preprocessing stretched = new() { Size = new(24, 40), CropRoundsToEven = true };
        PreprocessorConfigTests.Same(stretched, Read(Written(stretched)));
        StringAssert.Contains(Written(stretched), "squash");
    }

    [TestMethod]
    public void WhatTimmCannotExpressIsRefused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Written(new() { RescaleFactor = 1 })).Message, "rescale factor");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Written(new() { ResizeTo = 100 })).Message, "224x224 out of 100x100");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Written(new() { ResizeTo = new(224, 300) })).Message, "224x224 out of 224x300");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Written(new() { Size = new(20, 30), KeepAspectRatio = true })).Message, "Bicubic");
    }

    [TestMethod]
    [TestCategory("Fixtures")]
    public void FilesOfTimmAreReadAndWrittenBack()
    {
        int found = 0;
        foreach (string path in Fixtures.FoldersLike("timm-").Select(folder => Path.Combine(folder, "config.json")).Where(File.Exists))
        {
            Preprocessing read = TimmPretrainedConfig.Read(new MemoryStream(File.ReadAllBytes(path)), path);
            using JsonDocument theirs = JsonDocument.Parse(File.ReadAllBytes(path));
            CollectionAssert.AreEqual(
                theirs.RootElement.GetProperty("pretrained_cfg").GetProperty("input_size").EnumerateArray().Select(side => side.GetInt32()).ToArray(),
                new[] { read.Channels, read.Size.Height, read.Size.Width }, path);
            PreprocessorConfigTests.Same(read, Read(Written(read)));
            found++;
        }
        if (found == 0)
        {
            Assert.Inconclusive("No config.json of timm on this machine.");
        }
    }

    private static string Written(Preprocessing preprocessing)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("pretrained_cfg");
            TimmPretrainedConfig.Write(writer, preprocessing);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static Preprocessing Read(string json, bool useTestSize = false) => TimmPretrainedConfig.Read(new MemoryStream(Encoding.UTF8.GetBytes(json)), "config.json", useTestSize);
}
