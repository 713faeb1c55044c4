using System.Formats.Tar;
using System.IO.Compression;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests;

/// <summary>Photographs from files of all sizes, where the data is on the machine.</summary>
[TestClass]
[TestCategory("Data")]
public class RealImagesTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void FlowersAreLearnedFromPhotographsInSeconds()
    {
        using var folder = new TemporaryFolder();
        Extract(Fixtures.Data("flowers.tar.gz"), folder.Path, perClass: 40);
        // One class in five by chance.
        double accuracy = HeldOutAccuracy(folder.Path, new VitOptions { Model = VitConfig.SmallImage32, MaxTrainingTime = TimeSpan.FromSeconds(15), FeatureColumnName = "ImagePath" });
        Assert.IsTrue(accuracy > 0.35, $"accuracy {accuracy}");
    }

    [TestMethod]
    public void Cifar10IsLearnedFromSixtyImagesAClassInSeconds()
    {
        using var folder = new TemporaryFolder();
        Extract(Fixtures.Data("cifar10.tar.gz"), folder.Path, perClass: 60, within: "train/");
        // One class in ten by chance.
        double accuracy = HeldOutAccuracy(folder.Path, new VitOptions { Model = VitConfig.SmallImage32, MaxTrainingTime = TimeSpan.FromSeconds(15), FeatureColumnName = "ImagePath" });
        Assert.IsTrue(accuracy > 0.2, $"accuracy {accuracy}");
    }

    private double HeldOutAccuracy(string folder, VitOptions options)
    {
        IDataView images = s_ml.Data.LoadImagesFromFolder(folder);
        DataOperationsCatalog.TrainTestData split = s_ml.Data.TrainTestSplit(images, testFraction: 0.25, seed: 1);
        var pipeline = s_ml.Transforms.Conversion.MapValueToKey("Label").Append(s_ml.MulticlassClassification.Trainers.Vit(options with { Device = "cpu" }));
        using TransformerChain<VitTransformer> model = pipeline.Fit(split.TrainSet);
        double accuracy = s_ml.MulticlassClassification.Evaluate(model.Transform(split.TestSet)).MicroAccuracy;
        TestContext.WriteLine($"accuracy {accuracy:F3} after {model.LastTransformer.History.Count} epochs");
        return accuracy;
    }

    /// <summary>Writes the first images of each class, a class being the name of the folder that holds them.</summary>
    private static void Extract(string archive, string target, int perClass, string within = "")
    {
        var counts = new Dictionary<string, int>();
        using var tar = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !entry.Name.EndsWith(".jpg", StringComparison.Ordinal) || !entry.Name.Contains(within))
            {
                continue;
            }
            string label = Path.GetFileName(Path.GetDirectoryName(entry.Name))!;
            int count = counts[label] = counts.GetValueOrDefault(label) + 1;
            if (count <= perClass)
            {
                entry.ExtractToFile(Path.Combine(Directory.CreateDirectory(Path.Combine(target, label)).FullName, Path.GetFileName(entry.Name)), overwrite: false);
            }
        }
    }
}
