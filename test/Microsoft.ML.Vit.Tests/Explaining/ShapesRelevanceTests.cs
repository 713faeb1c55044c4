using Microsoft.ML.Vit.Tests.Samples;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Explaining;

[TestClass]
public sealed class ShapesRelevanceTests
{
    /// <summary>On quickstart's own model: the samples' <c>benchmark explain</c>.</summary>
    [TestMethod]
    public void MostRelevantPatchesLieOnTheShape()
    {
        using var folder = new TemporaryFolder();
        new ShapeImages(32, seed: 1).Write(folder["shapes"], perClass: 60);
        foreach (string other in ShapeImages.Classes.Except(["cross", "ring", "triangle"]))
        {
            Directory.Delete(folder["shapes", other], recursive: true);
        }
        var ml = new MLContext(seed: 1);
        IDataView images = ml.Data.LoadImagesFromFolder(folder["shapes"]);
        using var model = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.MulticlassClassification.Trainers.Vit(new VitOptions { FeatureColumnName = "ImagePath", Model = VitConfig.SmallImage32 with { Depth = 2 }, Epochs = 10, Seed = 1, Device = "cpu" })).Fit(images);
        ml.Model.Save(model, images.Schema, folder["shapes.zip"]);

        SampleProcess run = SampleProcess.Run("benchmark", "explain", "--model", folder["shapes.zip"], "--images", "20", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.AreEqual(60, run.Json.GetProperty("images").GetInt32());
        double relevance = run.Json.GetProperty("relevance").GetDouble(), all = run.Json.GetProperty("allPatches").GetDouble();
        Assert.IsGreaterThanOrEqualTo(0.8, relevance, $"{run.Json}");
        Assert.IsLessThan(0.6, all, "else it would be no achievement");
    }
}
