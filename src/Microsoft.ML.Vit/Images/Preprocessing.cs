using System.Globalization;

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

    /// <summary>The longest side and the most values of an input: far beyond any model, and small enough that their products fit an int.</summary>
    private const int LongestSide = 4096;
    private const long MostValues = 1L << 28;

    /// <summary>What is wrong with the values, none when they are sound.</summary>
    internal IEnumerable<string> Problems()
    {
        bool sides = Size is { Height: > 0 and <= LongestSide, Width: > 0 and <= LongestSide };
        if (!sides)
        {
            yield return $"Preprocessing.Size is {Size}; expected sides of 1 to {LongestSide} pixels.";
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
}
