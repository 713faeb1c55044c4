using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Model;

/// <summary>Comparisons that fail with what was found.</summary>
internal static class TensorComparison
{
    /// <summary>Whether shape and every element are equal.</summary>
    public static bool IsSameAs(this Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return a.shape.SequenceEqual(b.shape) && a.eq(b).all().item<bool>();
    }

    /// <summary>The largest absolute difference; infinite where one is not a number.</summary>
    public static double LargestDifference(this Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(b.shape, a.shape);
        double difference = (a - b).abs().max().item<float>();
        return double.IsNaN(difference) ? double.PositiveInfinity : difference;
    }
}
