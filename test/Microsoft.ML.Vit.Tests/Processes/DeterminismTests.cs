using System.IO.Compression;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Processes;

[TestClass]
public class DeterminismTests
{
    [TestMethod]
    public void TwoProcessesWithOneSeedGiveTheSameWeights()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder["images"], perClass: 8, side: 32);
        byte[] first = Train(folder, "first.zip", seed: 7);
        byte[] second = Train(folder, "second.zip", seed: 7);
        byte[] other = Train(folder, "other.zip", seed: 8);
        Assert.IsGreaterThan(100_000, first.Length);
        CollectionAssert.AreEqual(first, second);
        CollectionAssert.AreNotEqual(first, other);
    }

    /// <summary>The weights that a process of its own trains, with augmentation and shuffling, over more than one batch an epoch.</summary>
    private static byte[] Train(TemporaryFolder folder, string model, int seed)
    {
        SampleProcess run = SampleProcess.Run("train", "--data", folder["images"], "--model", folder[model], "--epochs", "2", "--batch", "8", "--seed", $"{seed}");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        using ZipArchive zip = ZipFile.OpenRead(folder[model]);
        using Stream entry = zip.Entries.Single(entry => entry.Name == "weights.safetensors").Open();
        using var bytes = new MemoryStream();
        entry.CopyTo(bytes);
        return bytes.ToArray();
    }
}
