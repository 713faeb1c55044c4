using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

[TestClass]
public sealed class StateLoaderTests
{
    [TestMethod]
    public void AReloadedNetworkHasTheSameBits()
    {
        foreach (VitConfig config in TinyConfig.Switches())
        {
            using VisionTransformer saved = Build(config, 1), loaded = Build(config, 2);
            using SafetensorsReader reader = Reader(saved.State());
            StateLoader.Load(loaded, reader, CheckpointNaming.Timm);
            foreach (((string name, Tensor a), (_, Tensor b)) in saved.State().Zip(loaded.State()))
            {
                Assert.IsTrue(a.IsSameAs(b), name);
            }
        }
    }

    [TestMethod]
    public void MissingUnexpectedAndMisshapenTensorsAreListedTogetherAndNothingIsOverwritten()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer saved = Build(TinyConfig.Value, 1), network = Build(TinyConfig.Value, 2), untouched = Build(TinyConfig.Value, 2);
        // (1) would be broadcast to (3), were it not refused.
        IEnumerable<(string, Tensor)> state = saved.State()
            .Where(entry => entry.Name is not "cls_token" and not "head.bias")
            .Append(("head.bias", zeros(1)))
            .Append(("dist_token", zeros(1, 1, 16)));
        using SafetensorsReader reader = Reader(state);
        FormatException error = Assert.ThrowsExactly<FormatException>(() => StateLoader.Load(network, reader, CheckpointNaming.Timm));
        StringAssert.Contains(error.Message, "Missing: cls_token.");
        StringAssert.Contains(error.Message, "Unexpected: dist_token.");
        StringAssert.Contains(error.Message, "Of the wrong shape: 'head.bias' (1) for head.bias (3).");
        Assert.IsTrue(network.Blocks[0].Attention.Qkv.Weight.IsSameAs(untouched.Blocks[0].Attention.Qkv.Weight));
    }

    [TestMethod]
    public void TheSeedsQueriesKeysAndValuesAreJoinedAndItsPositionsCut()
    {
        VitConfig config = TinyConfig.Value with { HeadHiddenSize = 8, HeadActivation = VitActivation.Relu };
        foreach (bool seekable in new[] { true, false })
        {
            using var scope = NewDisposeScope();
            using VisionTransformer expected = Build(config, 1), loaded = Build(config, 2);
            using SafetensorsReader reader = Reader(AsLabml(expected), seekable);
            StateLoader.Load(loaded, reader, CheckpointNaming.Labml);
            foreach (((string name, Tensor a), (_, Tensor b)) in expected.State().Zip(loaded.State()))
            {
                Assert.IsTrue(a.IsSameAs(b), name);
            }
        }
    }

    [TestMethod]
    public void ATableOfTooFewPositionsIsRefusedBeforeAnythingIsRead()
    {
        VitConfig config = TinyConfig.Value with { HeadHiddenSize = 8 };
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(config, 1);
        IEnumerable<(string Name, Tensor Tensor)> state = AsLabml(network)
            .Select(entry => entry.Name == "pos_emb.positional_encodings" ? (entry.Name, zeros(3, 1, 16)) : entry);
        using SafetensorsReader reader = Reader(state);
        FormatException error = Assert.ThrowsExactly<FormatException>(() => StateLoader.Load(network, reader, CheckpointNaming.Labml));
        StringAssert.Contains(error.Message, "'pos_emb.positional_encodings' (3, 1, 16) for pos_embed (1, 17, 16)");
    }

    [TestMethod]
    public void LoadingLeavesNoTensorBehind()
    {
        VitConfig config = TinyConfig.Value with { HeadHiddenSize = 8 };
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(config, 1);
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, AsLabml(network));
        void Load()
        {
            using var reader = new SafetensorsReader(new MemoryStream(file.ToArray()), "test");
            StateLoader.Load(network, reader, CheckpointNaming.Labml);
        }
        Load();
        Assert.AreEqual(0, Leaks.TensorsLeft(Load));
    }

    /// <summary>The network's state as the seed's own code would save it.</summary>
    private static (string Name, Tensor Tensor)[] AsLabml(VisionTransformer network)
    {
        var state = new List<(string, Tensor)>();
        foreach ((string name, Tensor tensor) in network.State())
        {
            NamingRule rule = CheckpointNaming.Labml.RuleFor(name);
            Tensor source = tensor.detach();
            if (name == "pos_embed")
            {
                source = cat([source.transpose(0, 1), ones(20, 1, network.Config.Width)]);
            }
            state.AddRange(rule.Sources.Zip(source.chunk(rule.Sources.Length, 0)));
        }
        return [.. state];
    }

    private static VisionTransformer Build(VitConfig config, ulong seed)
    {
        using var generator = new Generator(seed);
        return new VisionTransformer(config, generator);
    }

    private static SafetensorsReader Reader(IEnumerable<(string, Tensor)> state, bool seekable = true)
    {
        using var file = new MemoryStream();
        SafetensorsWriter.Write(file, state);
        return new(seekable ? new MemoryStream(file.ToArray()) : new ForwardOnlyStream(file.ToArray()), "test");
    }
}
