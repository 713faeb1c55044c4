using System.Numerics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>How the values of one channel of one image lie.</summary>
/// <param name="Low">The least.</param>
/// <param name="High">The greatest.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Std">Their standard deviation.</param>
internal readonly record struct ChannelSpread(double Low, double High, double Mean, double Std)
{
    /// <summary>Of these values, at least one.</summary>
    public static ChannelSpread Of<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        double first = double.CreateTruncating(values[0]);
        double low = first;
        double high = first;
        // Sums of what lies beside the first value: equal values have a deviation of exactly 0.
        double sum = 0;
        double squares = 0;
        foreach (T value in values)
        {
            double number = double.CreateTruncating(value);
            low = Math.Min(low, number);
            high = Math.Max(high, number);
            sum += number - first;
            squares += (number - first) * (number - first);
        }
        double offset = sum / values.Length;
        return new(low, high, first + offset, Math.Sqrt(Math.Max(0, squares / values.Length - offset * offset)));
    }
}
