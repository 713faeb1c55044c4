namespace Microsoft.ML.Vit;

/// <summary>
/// How much an image of each class counts in the training loss. The weights are scaled so that their mean over the training images is 1: they change what is learned, not the size of the steps.
/// </summary>
public sealed record ClassWeights
{
    private ClassWeights(IReadOnlyDictionary<string, double>? values)
    {
        Values = values;
    }

    /// <summary>Each class counts as much as any other: its weight is one over its number of training images.</summary>
    public static ClassWeights Balanced { get; } = new((IReadOnlyDictionary<string, double>?)null);

    /// <summary>The weights by the classes' names, those of the label's key values; null for <see cref="Balanced"/>.</summary>
    public IReadOnlyDictionary<string, double>? Values { get; }

    /// <summary>Weights by the classes' names; a class that is not named has 1.</summary>
    /// <param name="values">Each above 0.</param>
    /// <exception cref="ArgumentNullException">No dictionary.</exception>
    public static ClassWeights Of(IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(new Dictionary<string, double>(values));
    }

    /// <summary>What is wrong, none when it is sound.</summary>
    internal IEnumerable<string> Problems() =>
        (Values ?? new Dictionary<string, double>()).Where(v => !(v.Value > 0 && double.IsFinite(v.Value)))
            .Select(v => $"{nameof(ClassWeights)} has {v.Value} for '{v.Key}'; expected a finite number above 0.");

    /// <summary>The weight of every class, their mean over the images 1.</summary>
    /// <param name="names">The classes.</param>
    /// <param name="counts">Training images of each.</param>
    /// <exception cref="ArgumentOutOfRangeException">A weight's name is not a class.</exception>
    internal float[] For(IReadOnlyList<string> names, IReadOnlyList<int> counts)
    {
        if (Values?.Keys.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
        {
            throw new ArgumentOutOfRangeException(nameof(VitOptions.ClassWeights), $"{nameof(VitOptions.ClassWeights)} has a weight for '{unknown}', which is not a class; the classes are {string.Join(", ", names.Take(10))}.");
        }
        double[] weights = [.. names.Select((name, i) => Values is null ? 1.0 / Math.Max(1, counts[i]) : Values.GetValueOrDefault(name, 1))];
        double mean = weights.Zip(counts, (weight, count) => weight * count).Sum() / counts.Sum();
        return [.. weights.Select(weight => (float)(weight / mean))];
    }
}
