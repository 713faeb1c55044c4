namespace Microsoft.ML.Vit;

/// <summary>How <see cref="VitTransformer.Quantize"/> goes about it.</summary>
public sealed record QuantizationOptions
{
    /// <summary>
    /// By how many points (hundredths) of accuracy on the calibration rows the quantised model may be worse, 0 to 100. Default 0.5. Where the rows have no labels it is how many of a hundred predicted classes
    /// may be others than the unquantised model's.
    /// </summary>
    public double AllowedAccuracyDrop { get; init; } = 0.5;

    /// <summary>
    /// On how many of the rows at most the activations are measured, 1 or more. Default 512. Taken evenly from all where the rows' number is known, else the first, which then should not all be of one class.
    /// Accuracy is measured on all rows.
    /// </summary>
    public int CalibrationImages { get; init; } = 512;

    /// <summary>The rows' label, a key column with the model's classes; rows without a value are not counted. Default null: "Label" where there is such a column, else no labels.</summary>
    public string? LabelColumnName { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is outside of its range.</exception>
    internal void Check()
    {
        if (!(AllowedAccuracyDrop is >= 0 and <= 100))
        {
            throw new ArgumentOutOfRangeException(nameof(AllowedAccuracyDrop), AllowedAccuracyDrop, "Expected 0 to 100 points.");
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(CalibrationImages, 1, nameof(CalibrationImages));
    }
}
