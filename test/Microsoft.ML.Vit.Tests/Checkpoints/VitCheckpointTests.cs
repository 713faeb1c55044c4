using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class VitCheckpointTests
{
    private static readonly string[] s_names = ["daisy", "rose", "tulip"];

    [TestMethod]
    public void OpeningHoldsNoTensorsAndNoFile()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        VitCheckpoint.Open(folder.Path);
        long before = Tensor.TotalCount;
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder["model.safetensors"]);
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.AreEqual(TinyConfig.Value, checkpoint.Model);
        CollectionAssert.AreEqual(s_names, checkpoint.ClassNames!.ToArray());
        Assert.AreEqual("timm", checkpoint.Layout);
        Assert.IsEmpty(checkpoint.Notes);
        File.Delete(folder["model.safetensors"]);
    }

    [TestMethod]
    public void WhatNoConfigurationStatesIsNoted()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        File.Delete(folder["config.json"]);
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        foreach (string doubt in new[] { "epsilon", "activation", "heads", "image size" })
        {
            Assert.AreEqual(1, checkpoint.Notes.Count(note => note.Contains(doubt, StringComparison.Ordinal)), doubt);
        }
        Assert.IsNull(checkpoint.ClassNames);
    }

    [TestMethod]
    public void MissingUnexpectedAndMisshapenTensorsAreOneError()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        using (var scope = NewDisposeScope())
        {
            List<(string, Tensor)> tensors;
            using (SafetensorsReader reader = SafetensorsReader.Open(folder["model.safetensors"]))
            {
                tensors = [.. reader.Entries.Select(entry => (entry.Name, reader.Read(entry)))];
            }
            tensors.RemoveAll(tensor => tensor.Item1 is "blocks.1.attn.proj.bias" or "norm.bias");
            tensors.AddRange([("norm.bias", ones(1)), ("decoder.weight", ones(2))]);
            using FileStream file = File.Create(folder["model.safetensors"]);
            SafetensorsWriter.Write(file, tensors);
        }
        FormatException error = Assert.ThrowsExactly<FormatException>(() => VitCheckpoint.Open(folder.Path).Load());
        StringAssert.Contains(error.Message, "Missing: blocks.1.attn.proj.bias.");
        StringAssert.Contains(error.Message, "Unexpected: decoder.weight.");
        StringAssert.Contains(error.Message, "'norm.bias' (1) for norm.bias (16)");
    }

    [TestMethod]
    public void ABlockThatTheConfigurationPromisesIsMissed()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        File.WriteAllText(folder["config.json"], File.ReadAllText(folder["config.json"]).Replace("\"depth\": 2", "\"depth\": 3", StringComparison.Ordinal));
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => VitCheckpoint.Open(folder.Path).Load()).Message, "Missing: blocks.2.");
        File.WriteAllText(folder["config.json"], File.ReadAllText(folder["config.json"]).Replace("\"embed_dim\": 16", "\"embed_dim\": 16384", StringComparison.Ordinal));
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => VitCheckpoint.Open(folder.Path).Load()).Message, "parameters");
    }

    [TestMethod]
    public void TheClassifierAloneIsReplacedWhereClassesDiffer()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        string[] classes = ["car", "bus"];
        VitConfig config = checkpoint.ModelFor(classes, 16);
        Assert.AreEqual(2, config.Classes);
        using VisionTransformer original = checkpoint.Load(), network = Build(config, 5), untouched = Build(config, 5);
        IReadOnlyList<string> changes = checkpoint.LoadInto(network, classes);
        StringAssert.Contains(changes.Single(), "3 classes are not the 2");
        Dictionary<string, Tensor> before = untouched.State().ToDictionary(), own = original.State().ToDictionary();
        foreach ((string name, Tensor tensor) in network.State())
        {
            Assert.IsTrue(tensor.IsSameAs(name.StartsWith("head", StringComparison.Ordinal) ? before[name] : own[name]), name);
        }
        // Without leave, it is an error.
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => checkpoint.LoadInto(network)).Message, "head.weight");
    }

    [TestMethod]
    public void TheClassifierIsKeptInTheDatasOrderWhereClassesAreTheSameByName()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        string[] classes = ["tulip", "daisy", "rose"];
        using VisionTransformer original = checkpoint.Load(), network = Build(checkpoint.ModelFor(classes, 16), 5);
        checkpoint.LoadInto(network, classes);
        network.eval();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor images = ones(1, 3, 16, 16);
        float[] expected = original.forward(images).data<float>().ToArray(), found = network.forward(images).data<float>().ToArray();
        CollectionAssert.AreEqual(new[] { expected[2], expected[0], expected[1] }, found);
    }

    [TestMethod]
    public void AHeadOfItsOwnIsGivenToABackboneAndThePoolerLeftOut()
    {
        using var folder = new TemporaryFolder();
        using VisionTransformer network = Build(TinyConfig.Value with { HeadHiddenSize = 16, Classes = 0 }, 1);
        CheckpointWriter.Save(folder.Path, CheckpointLayout.HuggingFace, network);
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        Assert.AreEqual(16, checkpoint.Model.HeadHiddenSize);
        using VisionTransformer tuned = Build(checkpoint.ModelFor(s_names, 16), 2);
        StringAssert.Contains(checkpoint.LoadInto(tuned, s_names).Single(), "no classifier");
        Assert.IsTrue(tuned.ClassToken!.IsSameAs(network.ClassToken!));
    }

    [TestMethod]
    public void PositionsAreResizedAsToldAndSaidSo()
    {
        using TemporaryFolder folder = Saved(TinyConfig.Value);
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        Assert.AreEqual(PositionResize.BicubicAntialias, checkpoint.PositionResize);
        var tables = new List<float[]>();
        foreach (PositionResize method in Enum.GetValues<PositionResize>())
        {
            using VisionTransformer network = Build(checkpoint.Model with { ImageSize = new PixelSize(12, 24) }, 3);
            string change = (checkpoint with { PositionResize = method }).LoadInto(network).Single();
            StringAssert.Contains(change, "4x4 to 3x6");
            StringAssert.Contains(change, method.ToString());
            tables.Add(network.Positions!.data<float>().ToArray());
        }
        Assert.AreEqual(tables.Count, tables.DistinctBy(table => string.Join(' ', table)).Count());
    }

    [TestMethod]
    public void WhatCannotBeOpenedSaysWhy()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<ArgumentException>(() => VitCheckpoint.Open(" "));
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => VitCheckpoint.Open(folder["absent"])).Message, "absent");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => VitCheckpoint.Open(folder.Path)).Message, "model.safetensors");
        foreach (string pickle in new[] { "pytorch_model.bin", "vit.pth", "a.PT" })
        {
            File.WriteAllBytes(folder[pickle], [0x80, 2]);
            string message = Assert.ThrowsExactly<NotSupportedException>(() => VitCheckpoint.Open(folder[pickle])).Message;
            StringAssert.Contains(message, pickle);
            StringAssert.Contains(message, "runs any code");
            StringAssert.Contains(message, "weights_only=True");
            Assert.ThrowsExactly<NotSupportedException>(() => VitCheckpoint.Open(folder.Path));
        }
        using var scope = NewDisposeScope();
        using (FileStream file = File.Create(folder["model.safetensors"]))
        {
            SafetensorsWriter.Write(file, [("conv1.weight", ones(1))]);
        }
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => VitCheckpoint.Open(folder.Path)).Message, "conv1.weight");
    }

    private static TemporaryFolder Saved(VitConfig config)
    {
        var folder = new TemporaryFolder();
        using VisionTransformer network = Build(config, 1);
        CheckpointWriter.Save(folder.Path, CheckpointLayout.Timm, network, s_names);
        return folder;
    }

    private static VisionTransformer Build(VitConfig config, ulong seed)
    {
        using var generator = new Generator(seed);
        return new VisionTransformer(config, generator);
    }
}
