using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Vit.Samples.Benchmarks;

/// <summary>Image files as pixels, by ML.NET's own steps: the same for every way of learning.</summary>
internal static class ImagePixels
{
    /// <summary>The column ImagePath as square images in the column Features; what is not square loses its edges.</summary>
    public static EstimatorChain<ImageResizingTransformer> Images(MLContext ml, int size) =>
        ml.Transforms.LoadImages("Image", imageFolder: null, "ImagePath").Append(ml.Transforms.ResizeImages("Features", size, size, "Image"));

    /// <summary>The same pixels as a vector of floats from 0 to 1.</summary>
    public static EstimatorChain<ImagePixelExtractingTransformer> Floats(MLContext ml, int size) =>
        Images(ml, size).Append(ml.Transforms.ExtractPixels("Features", "Features", scaleImage: 1 / 255f));
}
