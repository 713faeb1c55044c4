using System.Text.Json;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Explaining;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Explaining;

[TestClass]
public sealed class AttentionMapsTests
{
    [TestMethod]
    [TestCategory("Fixtures")]
    [DataRow("explain-cls")]
    [DataRow("explain-registers")]
    [DataRow("explain-gap")]
    public void RolloutAndRelevanceAreThoseOfTheFixtures(string name)
    {
        string folder = Fixtures.Folder(name);
        using var scope = NewDisposeScope();
        using JsonDocument description = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        using var network = new VisionTransformer(ConfigOf(description.RootElement.GetProperty("model")), generator: null);
        Load(network, Path.Combine(folder, "model.safetensors"));
        network.eval();
        using SafetensorsReader io = SafetensorsReader.Open(Path.Combine(folder, "io.safetensors"));
        Tensor Read(string tensor) => io.Read(io.Entries.Single(entry => entry.Name == tensor));

        using var maps = new AttentionMaps(network, Read("images"), classIndex: 2);
        AssertClose(Read("logits").softmax(1), maps.Probabilities);
        AssertClose(Read("rollout"), maps.Rollout());
        AssertClose(Read("relevance"), maps.Relevance());
        Assert.IsTrue(network.parameters().All(parameter => parameter.grad is null), "the parameters' gradients are left alone");
    }

    public static IEnumerable<object[]> Switches() => TinyConfig.Switches().Where(config => config.Classes > 0).Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Switches))]
    public void EveryArchitectureIsExplainedWithTheProbabilitiesOfTheFastWay(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        using var network = new VisionTransformer(config, generator);
        network.eval();
        Tensor image = randn([1, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
        using var maps = new AttentionMaps(network, image, classIndex: null);
        AssertClose(network.forward(image).softmax(1), maps.Probabilities);
        float[] rollout = maps.Rollout(), relevance = maps.Relevance();
        Assert.HasCount(config.PatchTokens, rollout);
        Assert.HasCount(config.PatchTokens, relevance);
        Assert.IsTrue(rollout.All(value => value > 0) && rollout.Sum() <= 1 + 1e-5, "rows of a rollout sum to 1");
        Assert.IsTrue(relevance.All(value => value >= 0) && relevance.Any(value => value > 0));
    }

    [TestMethod]
    public void FrozenNetworkIsExplainedAlike()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        using var network = new VisionTransformer(TinyConfig.Value, generator);
        network.eval();
        Tensor image = randn([1, 3, TinyConfig.Value.ImageSize.Height, TinyConfig.Value.ImageSize.Width], generator: generator);
        using var learning = new AttentionMaps(network, image, 1);
        foreach (TorchSharp.Modules.Parameter parameter in network.parameters())
        {
            parameter.requires_grad = false;
        }
        using var frozen = new AttentionMaps(network, image, 1);
        CollectionAssert.AreEqual(learning.Relevance(), frozen.Relevance());
    }

    /// <summary>timm gives the fixture's registers positions, which ours have not: they are added to the tokens, which comes to the same.</summary>
    private static void Load(VisionTransformer network, string file)
    {
        using SafetensorsReader weights = SafetensorsReader.Open(file);
        Dictionary<string, Tensor> state = weights.Entries.ToDictionary(entry => entry.Name, weights.Read);
        int registers = network.Config.RegisterTokens;
        if (registers > 0)
        {
            Tensor positions = state["pos_embed"];
            state["reg_token"] += positions.narrow(1, 1, registers);
            state["pos_embed"] = cat([positions.narrow(1, 0, 1), positions.narrow(1, 1 + registers, positions.size(1) - 1 - registers)], 1);
        }
        using var noGrad = no_grad();
        foreach ((string name, Tensor value) in network.State())
        {
            CollectionAssert.AreEqual(state[name].shape, value.shape, name);
            value.copy_(state[name]);
        }
    }

    /// <summary>The arguments of timm's VisionTransformer that the fixtures use.</summary>
    private static VitConfig ConfigOf(JsonElement model)
    {
        int Number(string name) => model.GetProperty(name).GetInt32();
        bool isMean = model.TryGetProperty("global_pool", out JsonElement pool) && pool.GetString() == "avg";
        return new VitConfig
        {
            ImageSize = Number("img_size"),
            PatchSize = Number("patch_size"),
            Width = Number("embed_dim"),
            Depth = Number("depth"),
            Heads = Number("num_heads"),
            Classes = Number("num_classes"),
            RegisterTokens = model.TryGetProperty("reg_tokens", out JsonElement registers) ? registers.GetInt32() : 0,
            HasClassToken = !isMean,
            Pooling = isMean ? VitPooling.Mean : VitPooling.ClassToken,
        };
    }

    private static void AssertClose(Tensor expected, float[] actual)
    {
        float[] values = expected.flatten().data<float>().ToArray();
        Assert.HasCount(values.Length, actual);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.AreEqual(values[i], actual[i], 1e-4f * Math.Max(1, Math.Abs(values[i])), $"value {i}");
        }
    }
}
