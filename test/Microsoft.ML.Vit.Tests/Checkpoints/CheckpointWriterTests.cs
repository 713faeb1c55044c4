using System.Text.Json;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class CheckpointWriterTests
{
    [TestMethod]
    public void EverySwitchIsWrittenAndReadBackWithTheSameLogitsOrRefusedByName()
    {
        foreach (VitConfig config in TinyConfig.Switches())
        {
            foreach (CheckpointLayout layout in Enum.GetValues<CheckpointLayout>())
            {
                using var folder = new TemporaryFolder();
                using VisionTransformer network = Build(config);
                if (LayoutLimits.Problems(config, layout).Count > 0)
                {
                    NotSupportedException error = Assert.ThrowsExactly<NotSupportedException>(() => CheckpointWriter.Save(folder.Path, layout, network));
                    StringAssert.Contains(error.Message, layout.ToString());
                    Assert.IsEmpty(Directory.GetFiles(folder.Path));
                    continue;
                }
                CheckpointWriter.Save(folder.Path, layout, network);
                VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
                if (layout == CheckpointLayout.Torchvision)
                {
                    checkpoint = checkpoint with { Model = checkpoint.Model with { Heads = config.Heads } }; // no configuration, no heads
                }
                AssertSameOutputs(network, checkpoint, $"{layout} {config}");
            }
        }
    }

    [TestMethod]
    [TestCategory("Fixtures")]
    public void FixturesAreWrittenAndReadBackWithTheSameLogits()
    {
        string[] folders = [.. new[] { "hf-", "timm-", "torchvision", "google-" }.SelectMany(Fixtures.FoldersLike)];
        if (folders.Length == 0)
        {
            Assert.Inconclusive("No checkpoint is among the fixtures of this machine.");
        }
        foreach (string source in folders)
        {
            VitCheckpoint original = VitCheckpoint.Open(source);
            using VisionTransformer network = original.Load();
            foreach (CheckpointLayout layout in new[] { CheckpointLayout.Timm, CheckpointLayout.HuggingFace })
            {
                bool isOwn = Path.GetFileName(source).StartsWith(layout == CheckpointLayout.Timm ? "timm-" : "hf-", StringComparison.Ordinal);
                if (LayoutLimits.Problems(original.Model, layout).Count > 0)
                {
                    Assert.IsFalse(isOwn, $"{source} cannot be written as it came: {string.Join(" ", LayoutLimits.Problems(original.Model, layout))}");
                    continue;
                }
                using var folder = new TemporaryFolder();
                IReadOnlyList<string> notes = CheckpointWriter.Save(folder.Path, layout, network, original.ClassNames);
                VitCheckpoint copy = VitCheckpoint.Open(folder.Path);
                CollectionAssert.AreEqual(original.ClassNames?.ToArray(), layout == CheckpointLayout.Timm || original.ClassNames is not null ? copy.ClassNames?.ToArray() : null, source);
                if (notes.Count == 0)
                {
                    Assert.AreEqual(original.Model.NormEpsilon, copy.Model.NormEpsilon);
                    AssertSameOutputs(network, copy, $"{source} as {layout}");
                }
                if (isOwn)
                {
                    if (original.Layout == copy.Layout) // the other names of transformers 5 are read, not written
                    {
                        CollectionAssert.AreEquivalent(Names(original), Names(copy), source);
                    }
                    Assert.AreEqual(original.Model, copy.Model, source);
                }
            }
        }
    }

    [TestMethod]
    public void WhatALayoutCannotExpressIsNamed()
    {
        using var folder = new TemporaryFolder();
        (VitConfig Config, CheckpointLayout Layout, string Named)[] cases =
        [
            (TinyConfig.Value with { Stem = VitStem.Convolutions }, CheckpointLayout.Timm, "Stem is Convolutions"),
            (TinyConfig.Value with { HeadHiddenSize = 8 }, CheckpointLayout.Timm, "HeadHiddenSize is 8"),
            (TinyConfig.Value with { HeadHiddenSize = 8 }, CheckpointLayout.HuggingFace, "HeadHiddenSize is 8"),
            (TinyConfig.Value with { Pooling = VitPooling.Mean }, CheckpointLayout.HuggingFace, "Pooling is Mean"),
            (TinyConfig.Value with { QkNorm = true }, CheckpointLayout.HuggingFace, "QkNorm"),
            (TinyConfig.Value with { NormEpsilon = 1e-5 }, CheckpointLayout.Timm, "NormEpsilon is 1E-05"),
            (TinyConfig.Value with { RegisterTokens = 2 }, CheckpointLayout.Torchvision, "RegisterTokens is 2"),
        ];
        foreach ((VitConfig config, CheckpointLayout layout, string named) in cases)
        {
            using VisionTransformer network = Build(config);
            StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => CheckpointWriter.Save(folder.Path, layout, network)).Message, named);
        }
    }

    [TestMethod]
    public void ClassNamesAreWrittenAsTheLibrariesReadThem()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = Build(TinyConfig.Value);
        CheckpointWriter.Save(folder.Path, CheckpointLayout.HuggingFace, network, ["tulip", "Röschen", "daisy"]);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(folder["config.json"]));
        Assert.AreEqual("Röschen", json.RootElement.GetProperty("id2label").GetProperty("1").GetString());
        Assert.AreEqual(2, json.RootElement.GetProperty("label2id").GetProperty("daisy").GetInt32());
        CollectionAssert.AreEqual(new[] { "config.json", "model.safetensors" }, Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order().ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => CheckpointWriter.Save(folder.Path, CheckpointLayout.Timm, network, ["one"]));
    }

    private static void AssertSameOutputs(VisionTransformer network, VitCheckpoint copy, string what)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using VisionTransformer loaded = copy.Load();
        VitConfig config = network.Config;
        using var generator = new Generator(3);
        Tensor images = empty([2, config.Channels, config.ImageSize.Height, config.ImageSize.Width], float32, CPU).normal_(0, 1, generator);
        network.eval();
        Assert.AreEqual(0, network.forward(images).LargestDifference(loaded.forward(images)), what);
    }

    private static string[] Names(VitCheckpoint checkpoint)
    {
        using ITensorSource source = WeightFile.Open(checkpoint.WeightsPath);
        return [.. source.Entries.Select(entry => entry.Name)];
    }

    private static VisionTransformer Build(VitConfig config)
    {
        using var generator = new Generator(1);
        var network = new VisionTransformer(config, generator);
        using var noGradients = no_grad();
        foreach ((_, Tensor tensor) in network.State())
        {
            using Tensor noise = empty(tensor.shape, float32, CPU).normal_(0, 0.1, generator); // else tokens and scales are all but zero
            tensor.add_(noise);
        }
        return network;
    }
}
