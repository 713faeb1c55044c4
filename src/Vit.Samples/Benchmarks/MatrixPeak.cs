using System.Diagnostics;
using static TorchSharp.torch;

namespace Vit.Samples.Benchmarks;

/// <summary>The speed at which this machine multiplies large float32 matrices on all cores, in GFLOP/s: what a network's speed is measured against.</summary>
internal static class MatrixPeak
{
    private const int Size = 2048;

    /// <summary>A few measurements, after a product to warm up.</summary>
    public static IReadOnlyList<double> Measure(int rounds = 3)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor a = rand(Size, Size), b = rand(Size, Size);
        a.mm(b).Dispose();
        var peaks = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            a.mm(b).Dispose();
            peaks.Add(2.0 * Size * Size * Size / watch.Elapsed.TotalSeconds / 1e9);
        }
        return peaks;
    }
}
