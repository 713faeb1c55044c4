namespace Microsoft.ML.Vit.Batching;

/// <summary>Images and their classes, in the order read.</summary>
/// <param name="Images">The pixels.</param>
/// <param name="Labels">The class of each image, from 0.</param>
internal sealed record LabeledImages(IPixelSource Images, IReadOnlyList<int> Labels)
{
    /// <summary>Number of images.</summary>
    public int Count => Labels.Count;
}
