namespace Vit.Samples.Benchmarks;

/// <summary>An image file and its class; a row of what is learned from.</summary>
internal sealed class LabeledImage
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";
}
