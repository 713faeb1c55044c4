using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>A tiny model of image files that this process trained and saved, for other processes to open.</summary>
internal sealed class SavedModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SavedModel()
    {
        var ml = new MLContext(seed: 1);
        IDataView files = ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(_folder["images"], perClass: 3));
        Images = [.. files.GetColumn<string>("ImagePath")];
        using var model = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { FeatureColumnName = "ImagePath", Epochs = 2 }))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(files);
        ml.Model.Save(model, files.Schema, File);
        IDataView scored = model.Transform(files);
        string[] names = [.. ((IEnumerable<ITransformer>)model).OfType<VitTransformer>().Single().ClassNames];
        Scores = [.. scored.GetColumn<float[]>("Score").Select(scores => names.Zip(scores).ToDictionary(pair => pair.First, pair => pair.Second))];
    }

    /// <summary>The model's path.</summary>
    public string File => _folder["model.zip"];

    /// <summary>The paths of the images it was trained on.</summary>
    public string[] Images { get; }

    /// <summary>What this process's model says of each: the probability of every class.</summary>
    public Dictionary<string, float>[] Scores { get; }

    public void Dispose() => _folder.Dispose();
}
