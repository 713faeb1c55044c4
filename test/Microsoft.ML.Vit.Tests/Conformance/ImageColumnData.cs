namespace Microsoft.ML.Vit.Tests.Conformance;

/// <summary>The same twelve images in each form that the feature column may have, with the label as a key.</summary>
internal sealed class ImageColumnData : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ImageColumnData(string column)
    {
        Context = new MLContext(seed: 1);
        TestImages.WriteFolder(_folder.Path, perClass: 4);
        IDataView files = Context.Data.LoadImagesFromFolder(_folder.Path);
        IEstimator<ITransformer> key = Context.Transforms.Conversion.MapValueToKey("Label");
        IEstimator<ITransformer> features = column switch
        {
            "floats" => key.Append(Context.Transforms.LoadImages("Image", null, "ImagePath")).Append(Context.Transforms.ResizeImages("Image", 16, 16)).Append(Context.Transforms.ExtractPixels("Features", "Image")),
            "bytes" => key.Append(Context.Transforms.LoadRawImageBytes("Features", null, "ImagePath")),
            "paths" => key.Append(Context.Transforms.CopyColumns("Features", "ImagePath")),
            "images" => key.Append(Context.Transforms.LoadImages("Features", null, "ImagePath")),
            "resized images" => key.Append(Context.Transforms.LoadImages("Image", null, "ImagePath")).Append(Context.Transforms.ResizeImages("Features", 24, 20, "Image")),
            _ => throw new ArgumentException(column),
        };
        View = features.Fit(files).Transform(files);
    }

    public MLContext Context { get; }

    public IDataView View { get; }

    public void Dispose() => _folder.Dispose();
}
