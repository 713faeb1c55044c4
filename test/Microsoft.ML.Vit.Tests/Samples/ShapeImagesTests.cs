using Microsoft.ML.Data;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

[TestClass]
public sealed class ShapeImagesTests
{
    [TestMethod]
    public void SameSeedDrawsSameFiles()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, seed: 3).Write(folder["a"], perClass: 2);
        new ShapeImages(32, seed: 3).Write(folder["b"], perClass: 2);
        new ShapeImages(32, seed: 4).Write(folder["c"], perClass: 2);

        byte[][] a = Files(folder["a"]), b = Files(folder["b"]), c = Files(folder["c"]);
        Assert.HasCount(2 * ShapeImages.Classes.Count, a);
        for (int i = 0; i < a.Length; i++)
        {
            CollectionAssert.AreEqual(a[i], b[i]);
            Assert.IsFalse(a[i].AsSpan().SequenceEqual(c[i]));
        }
    }

    [TestMethod]
    public void EveryClassHasItsFolder()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, seed: 1).Write(folder.Path, perClass: 3);

        Assert.IsGreaterThanOrEqualTo(8, ShapeImages.Classes.Count);
        CollectionAssert.AreEquivalent(ShapeImages.Classes.ToArray(), Directory.GetDirectories(folder.Path).Select(Path.GetFileName).ToArray());
        using ImageFolder images = ImageFolder.Open(folder.Path);
        Assert.AreEqual(3 * ShapeImages.Classes.Count, images.Images.Count());
    }

    [TestMethod]
    public void LinearModelOnPixelsStaysUnderSixtyPercent()
    {
        using var folder = new TemporaryFolder();
        var shapes = new ShapeImages(32, seed: 1);
        shapes.Write(folder["train"], perClass: 40);
        shapes.Write(folder["test"], perClass: 20);

        var ml = new MLContext(1);
        ITransformer model = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.LoadImages("Image", imageFolder: null, "ImagePath"))
            .Append(ml.Transforms.ResizeImages("Image", 32, 32))
            .Append(ml.Transforms.ExtractPixels("Features", "Image", scaleImage: 1 / 255f))
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Fit(ml.Data.LoadImagesFromFolder(folder["train"]));
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(model.Transform(ml.Data.LoadImagesFromFolder(folder["test"])));

        Assert.IsLessThan(0.6, metrics.MicroAccuracy);
    }

    private static byte[][] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
}
