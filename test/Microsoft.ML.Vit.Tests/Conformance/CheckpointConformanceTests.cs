using System.Globalization;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Conformance;

/// <summary>
/// Every checkpoint among the fixtures, whatever it is: opened, loaded, and its outputs compared with those of the library that wrote it, at its own image size and at each other that
/// is given. What there is to compare is read from the folder's io.safetensors.
/// </summary>
[TestClass]
[TestCategory("Fixtures")]
public sealed class CheckpointConformanceTests
{
    private static readonly string[] s_families = ["google-", "hf-", "seed-", "timm-", "torchvision"];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void OutputsEqualThoseOfTheLibraryOfOrigin()
    {
        string[] folders = [.. s_families.SelectMany(Fixtures.FoldersLike)];
        if (folders.Length == 0)
        {
            Assert.Inconclusive("No checkpoint is among the fixtures of this machine.");
        }
        var failures = new List<string>();
        foreach (string folder in folders)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            VitCheckpoint checkpoint = VitCheckpoint.Open(folder);
            foreach ((string name, double error, double allowed) in Compare(checkpoint, folder))
            {
                string line = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(folder),-24} {name,-18} {error:0.0e+0} of {allowed:0.0e+0}");
                TestContext.WriteLine(line);
                if (error > allowed)
                {
                    failures.Add(line);
                }
            }
        }
        Assert.IsEmpty(failures, string.Join(Environment.NewLine, failures));
    }

    private static IEnumerable<(string Name, double Error, double Allowed)> Compare(VitCheckpoint checkpoint, string folder)
    {
        bool isReduced, isSeed = checkpoint.Layout == CheckpointNaming.Labml.Name;
        using (ITensorSource weights = WeightFile.Open(checkpoint.WeightsPath))
        {
            isReduced = weights.Entries.Any(entry => entry.Type.Bits < 32);
        }
        using SafetensorsReader expected = SafetensorsReader.Open(Path.Combine(folder, "io.safetensors"));
        (string Name, double Error, double Allowed) Measure(string name, Tensor found)
        {
            Tensor reference = expected.Read(name);
            return (name, found.LargestDifference(reference), isReduced ? 1e-2 * reference.abs().max().item<float>() : isSeed ? 1e-5 : 1e-4);
        }
        int compared = 0;
        foreach (string images in expected.Entries.Select(entry => entry.Name).Where(name => name.StartsWith("images", StringComparison.Ordinal)).ToArray())
        {
            string suffix = images["images".Length..];
            Tensor batch = expected.Read(images);
            using VisionTransformer network = suffix.Length == 0 ? checkpoint.Load() : AtSize(checkpoint, new PixelSize((int)batch.size(2), (int)batch.size(3)));
            Tensor features = network.ForwardFeatures(batch);
            (string Name, Func<Tensor> Compute)[] outputs =
            [
                ("logits", () => network.forward(batch)),
                ("features", () => features),
                ("last_hidden_state", () => features),
                ("embedding", () => network.Pool(features)),
                ("pooler_output", () => network.forward(batch)),
                ("pos", () => network.Positions!),
            ];
            foreach ((string name, Func<Tensor> compute) in outputs)
            {
                if (expected.Entries.Any(entry => entry.Name == name + suffix))
                {
                    compared++;
                    yield return Measure(name + suffix, compute());
                }
            }
        }
        Assert.AreNotEqual(0, compared, folder);
    }

    private static VisionTransformer AtSize(VitCheckpoint checkpoint, PixelSize size)
    {
        var network = new VisionTransformer(checkpoint.Model with { ImageSize = size }, generator: null);
        checkpoint.LoadInto(network);
        network.eval();
        return network;
    }
}
