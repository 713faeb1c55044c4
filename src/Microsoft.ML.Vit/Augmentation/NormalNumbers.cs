namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Numbers of the standard normal distribution, by Box and Muller's transform (1958).</summary>
internal static class NormalNumbers
{
    /// <summary>The next.</summary>
    public static double Next(Random random)
    {
        // 1 - u lies above 0, which the logarithm needs.
        double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
        return radius * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
