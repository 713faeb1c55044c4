using System.Globalization;

namespace Microsoft.ML.Vit;

/// <summary>
/// How an image becomes the network's input. It is kept with the weights and is the one description used in training, in scoring and in export:
/// decode, resize (<see cref="ResizeTo"/>, <see cref="KeepAspectRatio"/>), cut out the centre of <see cref="Size"/> where the result is larger, multiply by
/// <see cref="RescaleFactor"/>, subtract <see cref="Mean"/>, divide by <see cref="Std"/>, channels first. Float vectors have their size already.
/// </summary>
public sealed record Preprocessing
{
    /// <summary>Height and width of what the network reads, in pixels. Default 224x224.</summary>
    public PixelSize Size { get; init; } = 224;

    /// <summary>What an image is resized to before its centre is cut out, in pixels; null: <see cref="Size"/>. Default null. Where the result is smaller than <see cref="Size"/>, black surrounds it.</summary>
    public PixelSize? ResizeTo { get; init; }

    /// <summary>
    /// Whether the sides keep their ratio: the image then becomes as small as still covers <see cref="ResizeTo"/>, so that a square stands for the length of the shortest edge
    /// (the other is rounded down; with a rectangle, to nearest). Else it is stretched to <see cref="ResizeTo"/>. Default false.
    /// </summary>
    public bool KeepAspectRatio { get; init; }

    /// <summary>
    /// Where the centre lies when an odd number of pixels is cut away: half of it rounded to even from the top and the left, as torchvision and timm do, or down, as transformers does.
    /// Default false: down.
    /// </summary>
    public bool CropRoundsToEven { get; init; }

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

    /// <summary>The longest side and the most values of an input: far beyond any model, and small enough that their products fit an int.</summary>
    private const int LongestSide = 4096;
    private const long MostValues = 1L << 28;

    /// <summary>Values of an input: channels x height x width.</summary>
    internal int Elements => Channels * Size.Height * Size.Width;

    /// <summary>The same for another input size, the share that is cut away staying as it is.</summary>
    internal Preprocessing WithSize(PixelSize size) => this with
    {
        Size = size,
        ResizeTo = ResizeTo is { } resized
            ? new PixelSize((int)Math.Round((double)resized.Height * size.Height / Size.Height), (int)Math.Round((double)resized.Width * size.Width / Size.Width))
            : null,
    };

    /// <summary>What is wrong with the values, none when they are sound.</summary>
    internal IEnumerable<string> Problems()
    {
        bool sides = IsSound(Size);
        if (!sides)
        {
            yield return $"Preprocessing.Size is {Size}; expected sides of 1 to {LongestSide} pixels.";
        }
        if (ResizeTo is { } resized && !IsSound(resized))
        {
            yield return $"Preprocessing.ResizeTo is {resized}; expected sides of 1 to {LongestSide} pixels.";
        }
        if (Channels < 1)
        {
            yield return $"Preprocessing.Channels is {Channels}; expected at least 1.";
        }
        else if (sides && (long)Channels * Size.Height * Size.Width > MostValues)
        {
            yield return $"Preprocessing asks for {Channels} channels x {Size}; expected at most {MostValues} values.";
        }
        if (!Enum.IsDefined(Interpolation))
        {
            yield return $"Preprocessing.Interpolation is {Interpolation}; expected {string.Join(", ", Enum.GetNames<Interpolation>())}.";
        }
        if (!(double.IsFinite(RescaleFactor) && RescaleFactor != 0))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Preprocessing.RescaleFactor is {RescaleFactor}; expected a finite value other than 0.");
        }
        foreach ((string name, IReadOnlyList<double>? values, bool positive) in new[] { (nameof(Mean), Mean, false), (nameof(Std), Std, true) })
        {
            if (values is null || (values.Count != 1 && values.Count != Channels))
            {
                yield return $"Preprocessing.{name} has {values?.Count ?? 0} values; expected 1 or one for each of {Channels} channels.";
            }
            else if (!values.All(value => double.IsFinite(value) && (!positive || value > 0)))
            {
                string found = string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
                yield return $"Preprocessing.{name} is [{found}]; expected finite values{(positive ? " above 0" : "")}.";
            }
        }
    }
    private static bool IsSound(PixelSize size) => size is { Height: > 0 and <= LongestSide, Width: > 0 and <= LongestSide };
}
