using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

/// <summary>Namings of which there is no fixture: a network's tensors under their names are found out and give the same outputs.</summary>
[TestClass]
public sealed class CheckpointNamingTests
{
    private static readonly VitConfig s_scaled = TinyConfig.Value with { LayerScale = 1e-5 };

    [TestMethod]
    public void EveryNamingIsDetectedAsItselfAndLoadsWhatItNames()
    {
        (CheckpointNaming Naming, VitConfig Config)[] cases =
        [
            .. CheckpointNaming.All
                .Where(naming => naming.HasGrid && naming.HeadsTensor is null)
                .SelectMany(naming => naming.Prefixes.Select(prefix => (naming with { Prefix = prefix }, ConfigOf(naming)))),
        ];
        foreach ((CheckpointNaming naming, VitConfig config) in cases)
        {
            using var scope = NewDisposeScope();
            using VisionTransformer network = Build(config);
            var tensors = new List<(string, Tensor)>();
            foreach ((string name, Tensor tensor) in network.State())
            {
                string[] sources = naming.RuleFor(name).Sources;
                tensors.AddRange(sources.Zip(tensor.detach().chunk(sources.Length, 0)));
            }
            // What tells DINOv2's own names from timm's.
            tensors.AddRange(naming.Ignored.Where(name => name.EndsWith("mask_token", StringComparison.Ordinal)).Select(name => (naming.Fill(name), zeros(1, config.Width))));
            AssertLoads(network, tensors, naming);
        }
    }

    [TestMethod]
    [DataRow("Google Flax", "MultiHeadDotProductAttention_1", "LayerNorm_2", "MlpBlock_3", "Transformer/posembed_input/pos_embedding", "opt/target/", true)]
    [DataRow("big_vision", "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0", "pos_embedding", "params/", true)]
    [DataRow("big_vision", "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0", "pos_embedding", "params/img/", false)]
    public void FlaxKernelsAreTurned(string layout, string attention, string norm2, string mlp, string positions, string prefix, bool hasClassToken)
    {
        VitConfig config = TinyConfig.Value with
        {
            HasClassToken = hasClassToken,
            ClassTokenHasPosition = layout != "big_vision" || !hasClassToken,
            Pooling = hasClassToken ? VitPooling.ClassToken : VitPooling.NormalizedMean,
            HeadHiddenSize = 12,
        };
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(config);
        Dictionary<string, Tensor> state = network.State().ToDictionary(entry => entry.Name, entry => entry.Tensor.detach());
        var tensors = new List<(string, Tensor)>();
        void Add(string name, Tensor tensor) => tensors.Add((prefix + name, tensor));
        void Norm(string source, string target) { Add(source + "/scale", state[target + ".weight"]); Add(source + "/bias", state[target + ".bias"]); }
        void Dense(string source, string target) { Add(source + "/kernel", state[target + ".weight"].t()); Add(source + "/bias", state[target + ".bias"]); }
        Add("embedding/kernel", state["patch_embed.proj.weight"].permute(2, 3, 1, 0));
        Add("embedding/bias", state["patch_embed.proj.bias"]);
        Add(positions, state["pos_embed"]);
        if (hasClassToken)
        {
            Add("cls", state["cls_token"]);
        }
        for (int i = 0; i < config.Depth; i++)
        {
            string block = $"Transformer/encoderblock_{i}/", own = $"blocks.{i}.";
            Norm(block + "LayerNorm_0", own + "norm1");
            Norm(block + norm2, own + "norm2");
            Dense(block + mlp + "/Dense_0", own + "mlp.fc1");
            Dense(block + mlp + "/Dense_1", own + "mlp.fc2");
            Tensor[] kernels = state[own + "attn.qkv.weight"].chunk(3, 0), biases = state[own + "attn.qkv.bias"].chunk(3, 0);
            foreach ((string part, int number) in new[] { ("query", 0), ("key", 1), ("value", 2) })
            {
                Add($"{block}{attention}/{part}/kernel", kernels[number].t().reshape(config.Width, config.Heads, config.HeadSize));
                Add($"{block}{attention}/{part}/bias", biases[number].reshape(config.Heads, config.HeadSize));
            }
            Add($"{block}{attention}/out/kernel", state[own + "attn.proj.weight"].t().reshape(config.Heads, config.HeadSize, config.Width));
            Add($"{block}{attention}/out/bias", state[own + "attn.proj.bias"]);
        }
        Norm("Transformer/encoder_norm", "norm");
        Dense("pre_logits", "pre_logits.fc");
        Dense("head", "head");
        VitCheckpoint checkpoint = AssertLoads(network, tensors, null);
        Assert.AreEqual(layout, checkpoint.Layout);
        Assert.AreEqual(config, checkpoint.Model);
    }

    /// <summary>An architecture that the naming can name.</summary>
    private static VitConfig ConfigOf(CheckpointNaming naming)
    {
        bool Has(string part) => naming.Signature.Any(name => name.Contains(part, StringComparison.Ordinal));
        VitConfig config = Has("gamma_1") || Has("layer_scale1") || Has("w12") || Has("mask_token") ? s_scaled : TinyConfig.Value;
        if (Has("w12") || Has("weights_in"))
        {
            config = config with { SwiGlu = true };
        }
        if (Has("cls_classifier"))
        {
            config = config with { Distillation = VitDistillation.TokenAndHead };
        }
        return naming.Rules.Any(rule => rule.Sources[0].EndsWith("pooler.dense.{p}", StringComparison.Ordinal)) ? config with { HeadHiddenSize = 16, Classes = 0 } : config;
    }

    private static VitCheckpoint AssertLoads(VisionTransformer network, List<(string, Tensor)> tensors, CheckpointNaming? naming)
    {
        using var folder = new TemporaryFolder();
        using (FileStream file = File.Create(folder["model.safetensors"]))
        {
            SafetensorsWriter.Write(file, tensors);
        }
        VitCheckpoint checkpoint = VitCheckpoint.Open(folder.Path);
        if (naming is not null)
        {
            Assert.AreEqual(naming.Name, checkpoint.Layout);
        }
        // Without a configuration, the heads are a guess, said to be one, where no tensor tells.
        Assert.AreEqual(naming is not null, checkpoint.Notes.Any(note => note.Contains("heads", StringComparison.Ordinal)));
        checkpoint = checkpoint with { Model = checkpoint.Model with { Heads = network.Config.Heads, NormEpsilon = network.Config.NormEpsilon } };
        using VisionTransformer loaded = checkpoint.Load();
        using var noGradients = no_grad();
        Tensor images = ones(2, 3, 16, 16);
        Assert.AreEqual(0, network.forward(images).LargestDifference(loaded.forward(images)), $"{naming?.Name} {naming?.Prefix}");
        return checkpoint;
    }

    private static VisionTransformer Build(VitConfig config)
    {
        using var generator = new Generator(1);
        var network = new VisionTransformer(config, generator);
        using var noGradients = no_grad();
        foreach ((_, Tensor tensor) in network.State())
        {
            using Tensor noise = empty(tensor.shape, float32, CPU).normal_(0, 0.1, generator);
            tensor.add_(noise);
        }
        network.eval();
        return network;
    }
}
