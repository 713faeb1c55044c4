using System.Text.Json;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

/// <summary>The network with the weights of other libraries against what those libraries compute.</summary>
[TestClass]
[TestCategory("Fixtures")]
public sealed class ReferenceLogitsTests
{
    [TestMethod]
    public void LogitsEqualThoseOfTheSeed()
    {
        string folder = Fixtures.Folder("seed-labml");
        Dictionary<string, JsonElement> values = Json(folder).EnumerateObject().ToDictionary(property => property.Name, property => property.Value);
        int Number(string name) => values[name].GetInt32();
        VitConfig config = VitConfig.Labml with
        {
            ImageSize = Number("image_size"),
            PatchSize = Number("patch_size"),
            Width = Number("d_model"),
            Depth = Number("n_layers"),
            Heads = Number("n_heads"),
            MlpRatio = (double)Number("d_ff") / Number("d_model"),
            HeadHiddenSize = Number("n_hidden"),
            Classes = Number("n_classes"),
        };
        Compare(folder, config, CheckpointNaming.Labml, absolute: 1e-5);
    }

    [TestMethod]
    public void LogitsFeaturesAndEmbeddingsEqualThoseOfTimm()
    {
        int compared = 0;
        foreach (string folder in Fixtures.FoldersLike("timm-"))
        {
            JsonElement json = Json(folder);
            if (json.TryGetProperty("pretrained_cfg", out JsonElement pretrained)
                && pretrained.TryGetProperty("classifier", out JsonElement classifier)
                && classifier.ValueKind == JsonValueKind.Array)
            {
                continue; // two heads: distilled checkpoints are not imported yet
            }
            using FileStream file = File.OpenRead(Path.Combine(folder, "config.json"));
            VitConfig config = TimmConfig.Read(file, folder);
            bool reduced = StoredInReducedPrecision(folder);
            Compare(folder, config, CheckpointNaming.Timm, absolute: reduced ? 0 : 1e-4, relative: reduced ? 1e-2 : 0);
            compared++;
        }
        if (compared == 0)
        {
            Assert.Inconclusive("No fixture of timm is on this machine.");
        }
    }

    private static void Compare(string folder, VitConfig config, CheckpointNaming naming, double absolute, double relative = 0)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new VisionTransformer(config, generator: null);
        network.eval();
        using (SafetensorsReader weights = SafetensorsReader.Open(Path.Combine(folder, "model.safetensors")))
        {
            StateLoader.Load(network, weights, naming);
        }
        using SafetensorsReader expected = SafetensorsReader.Open(Path.Combine(folder, "io.safetensors"));
        Tensor images = expected.Read("images");
        Tensor features = network.ForwardFeatures(images);
        AssertClose("logits", network.forward(images));
        AssertClose("features", features);
        AssertClose("embedding", network.Pool(features));

        void AssertClose(string name, Tensor found)
        {
            if (expected.Entries.Any(entry => entry.Name == name))
            {
                Tensor reference = expected.Read(name);
                double allowed = absolute + (relative * reference.abs().max().item<float>());
                double difference = found.LargestDifference(reference);
                Assert.IsTrue(difference <= allowed, $"{name} of {folder} differ by {difference}; allowed {allowed}.");
            }
            else
            {
                Assert.AreNotEqual("logits", name, folder);
            }
        }
    }

    private static bool StoredInReducedPrecision(string folder)
    {
        using SafetensorsReader weights = SafetensorsReader.Open(Path.Combine(folder, "model.safetensors"));
        return weights.Entries.Any(entry => entry.Type.Bits < 32);
    }

    private static JsonElement Json(string folder) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json"))).RootElement;
}
