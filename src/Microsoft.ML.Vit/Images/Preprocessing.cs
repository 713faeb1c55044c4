namespace Microsoft.ML.Vit;

/// <summary>
/// How an image becomes the network's input. It is kept with the weights and is the one description used in training, in scoring and in export:
/// decode, resize to <see cref="Size"/>, multiply by <see cref="RescaleFactor"/>, subtract <see cref="Mean"/>, divide by <see cref="Std"/>, channels first.
/// </summary>
public sealed record Preprocessing
{
    /// <summary>Height and width of what the network reads, in pixels. Default 224x224.</summary>
    public PixelSize Size { get; init; } = 224;

    /// <summary>1 (grey) or 3 (red, green, blue) for images, any number for float vectors. Default 3.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>The filter for images of another size. Default: bicubic.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bicubic;

    /// <summary>What a pixel value is multiplied by first; 1/255 for bytes, 1 for float vectors. Default 1/255.</summary>
    public double RescaleFactor { get; init; } = 1 / 255.0;

    /// <summary>Subtracted per channel after rescaling; one value serves all channels. Default 0.5.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.5];

    /// <summary>Divided by per channel after that, above zero; one value serves all channels. Default 0.5.</summary>
    public IReadOnlyList<double> Std { get; init; } = [0.5];
}
