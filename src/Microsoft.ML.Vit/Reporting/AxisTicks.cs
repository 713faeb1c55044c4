namespace Microsoft.ML.Vit.Reporting;

/// <summary>Where an axis begins, ends and has its marks: multiples of 1, 2 or 5 times a power of ten.</summary>
internal sealed class AxisTicks
{
    private AxisTicks(double low, double high, double step)
    {
        (Low, High) = (low, high);
        int count = (int)Math.Round((high - low) / step);
        Values = [.. Enumerable.Range(0, count + 1).Select(i => Math.Round(low / step + i) * step)];
    }

    /// <summary>The axis's beginning, a mark.</summary>
    public double Low { get; }

    /// <summary>The axis's end, a mark.</summary>
    public double High { get; }

    /// <summary>The marks, rising.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>An axis around the values, which are finite.</summary>
    /// <param name="least">The least value.</param>
    /// <param name="most">The greatest value.</param>
    /// <param name="parts">About how many parts it is marked into.</param>
    public static AxisTicks Around(double least, double most, int parts)
    {
        if (most <= least)
        {
            double margin = least == 0 ? 1 : Math.Abs(least) / 2;
            (least, most) = (least < 0 ? least - margin : Math.Max(0, least - margin), least + margin);
        }
        double step = Step((most - least) / parts);
        return new AxisTicks(Math.Floor((least / step) + 1e-9) * step, Math.Ceiling((most / step) - 1e-9) * step, step);
    }

    /// <summary>Whole numbers from 1 to the last, at most so many parts, for an axis of epochs.</summary>
    public static IReadOnlyList<int> Epochs(int last, int parts)
    {
        int step = Math.Max(1, (int)Step((double)last / parts));
        return [.. Enumerable.Range(1, last).Where(epoch => epoch % step == 0 || (epoch == 1 && step > 1))];
    }

    private static double Step(double atLeast)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        double share = atLeast / power;
        return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
    }
}
