namespace Microsoft.ML.Vit;

/// <summary>What was measured when a model was quantised.</summary>
public sealed record QuantizationFigures
{
    /// <summary>Images that were compared: those with a label, or all where none has one.</summary>
    public required int Images { get; init; }

    /// <summary>Whether they have labels. Without, the classes that the unquantised model predicts stand for them.</summary>
    public required bool Labeled { get; init; }

    /// <summary>The unquantised model's accuracy on them, 0 to 1; 1 without labels.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The quantised model's accuracy on them, 0 to 1; without labels the share of equal predictions.</summary>
    public required double QuantizedAccuracy { get; init; }

    /// <summary>By how many points the quantised model is worse; negative where it is better.</summary>
    internal double Drop => 100 * (Accuracy - QuantizedAccuracy);

    /// <summary>In words.</summary>
    internal string Text => Labeled
        ? FormattableString.Invariant($"accuracy {QuantizedAccuracy:0.0000} on {Images} images, {Accuracy:0.0000} in float32")
        : FormattableString.Invariant($"a share of {QuantizedAccuracy:0.0000} of {Images} predictions is as in float32");

    /// <summary>What cannot be, a sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Images < 1 || Accuracy is not (>= 0 and <= 1) || QuantizedAccuracy is not (>= 0 and <= 1))
        {
            yield return $"Quantization has {Images} images, accuracies {Accuracy} and {QuantizedAccuracy}; expected 1 image or more, and 0 to 1.";
        }
    }
}
