namespace Microsoft.ML.Vit.Tests;

[TestClass]
public sealed class ImageSizeTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void FilesAreBroughtToTheSizeThatIsAskedFor()
    {
        using var folder = new TemporaryFolder();
        IDataView data = s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder.Path, perClass: 2, side: 20));
        IDataView keyed = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
        var options = new VitOptions { FeatureColumnName = "ImagePath", ImageSize = 16, Epochs = 1, Device = "cpu" };
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(keyed);
        Assert.AreEqual(new PixelSize(16, 16), model.Model.ImageSize);
        Assert.AreEqual(VitConfig.SmallImage32.PatchSize, model.Model.PatchSize);
    }

    [TestMethod]
    public void AnImageSizeBesideAModelIsRefused()
    {
        var e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { ImageSize = 16 }));
        StringAssert.Contains(e.Message, "set Model.ImageSize");
        e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_ml.MulticlassClassification.Trainers.Vit(new VitOptions { ImageSize = new PixelSize(0, 16) }));
        StringAssert.Contains(e.Message, "1 pixel or more");
    }
}
