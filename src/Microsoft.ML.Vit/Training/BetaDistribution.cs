using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Training;

/// <summary>Samples of Beta distributions, as quotients of Gamma samples.</summary>
internal static class BetaDistribution
{
    /// <summary>A number from 0 to 1.</summary>
    /// <param name="a">Above 0.</param>
    /// <param name="b">Above 0.</param>
    /// <param name="random">The seeded generator.</param>
    public static double Sample(double a, double b, Random random)
    {
        double x = Gamma(a, random), y = Gamma(b, random);
        // Both can underflow for tiny parameters, where the distribution is that of a coin.
        return x + y > 0 ? x / (x + y) : random.Next(2);
    }

    /// <summary>Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by way of a + 1.</summary>
    private static double Gamma(double a, Random random)
    {
        if (a < 1)
        {
            return Gamma(a + 1, random) * Math.Pow(1 - random.NextDouble(), 1 / a);
        }
        double d = a - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double normal = NormalNumbers.Next(random);
            double v = Math.Pow(1 + (c * normal), 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (normal * normal / 2) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v;
            }
        }
    }
}
