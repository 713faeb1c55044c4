using System.Globalization;

namespace Microsoft.ML.Vit;

/// <summary>A model lost more accuracy by quantisation than was allowed. The model itself is as it was.</summary>
public sealed class QuantizationRefusedException : InvalidOperationException
{
    /// <summary>Says so with the figures.</summary>
    /// <param name="figures">What was measured.</param>
    /// <param name="allowedDrop">The points that were allowed.</param>
    public QuantizationRefusedException(QuantizationFigures figures, double allowedDrop)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"The int8 model is refused: {figures?.Text}. That is {figures?.Drop:0.00} points less, and {allowedDrop:0.00} are allowed (QuantizationOptions.AllowedAccuracyDrop)."))
    {
        ArgumentNullException.ThrowIfNull(figures);
        (Figures, AllowedDrop) = (figures, allowedDrop);
    }

    /// <summary>What was measured.</summary>
    public QuantizationFigures Figures { get; }

    /// <summary>The points that were allowed.</summary>
    public double AllowedDrop { get; }
}
