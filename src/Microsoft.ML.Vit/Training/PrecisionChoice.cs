using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.ML.Vit.Cores;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Decides what <see cref="VitPrecision.Auto"/> means on this machine.</summary>
internal static class PrecisionChoice
{
    /// <summary>How much faster bfloat16 products must be: converting to and fro costs some of it again.</summary>
    private const double WorthwhileRatio = 1.25;

    private const int Rounds = 5;

    /// <summary>What was measured in this process, by the sizes of the product: so that what is chosen once holds.</summary>
    private static readonly ConcurrentDictionary<(int Rows, int Width, int Hidden), Lazy<(double Single, double Half)>> s_measured = new();

    /// <summary>The type to compute in.</summary>
    /// <param name="asked">What the options say.</param>
    /// <param name="config">The network, for the sizes of its products.</param>
    /// <param name="device">Where it runs; on GPUs Auto is bfloat16 without measuring.</param>
    /// <param name="log">Told what was measured.</param>
    public static ScalarType Choose(VitPrecision asked, VitConfig config, Device device, Action<string> log)
    {
        if (asked != VitPrecision.Auto || device.type != DeviceType.CPU)
        {
            return asked == VitPrecision.Float32 ? ScalarType.Float32 : ScalarType.BFloat16;
        }
        int rows = MicroBatches.Size(config) * (config.PatchTokens + config.PrefixTokens);
        (double single, double half) = s_measured.GetOrAdd((rows, config.Width, config.MlpHiddenSize), size => new(() => Measure(size.Rows, size.Width, size.Hidden))).Value;
        ScalarType type = half / single >= WorthwhileRatio ? ScalarType.BFloat16 : ScalarType.Float32;
        log($"Precision Auto: products of {rows} x {config.Width} x {config.MlpHiddenSize} run at {single:F0} GFLOP/s in float32, {half:F0} in bfloat16; computes in {type.ToString().ToLowerInvariant()}.");
        return type;
    }

    /// <summary>The name of a type that was chosen.</summary>
    public static VitPrecision Of(ScalarType type) => type == ScalarType.BFloat16 ? VitPrecision.BFloat16 : VitPrecision.Float32;

    /// <summary>GFLOP/s of (rows, width) times (width, hidden) in float32 and in bfloat16, medians of interleaved rounds.</summary>
    private static (double Single, double Half) Measure(int rows, int width, int hidden)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor a = ones(rows, width), b = ones(hidden, width);
        Tensor[][] operands = [[a, b], [a.to(ScalarType.BFloat16), b.to(ScalarType.BFloat16)]];
        double[][] rates = [new double[Rounds], new double[Rounds]];
        for (int round = -1; round < Rounds; round++) // one to warm up
        {
            for (int type = 0; type < operands.Length; type++)
            {
                var watch = Stopwatch.StartNew();
                int products = 0;
                do
                {
                    using Tensor product = nn.functional.linear(operands[type][0], operands[type][1]);
                    products++;
                }
                while (watch.ElapsedMilliseconds < 10);
                if (round >= 0)
                {
                    rates[type][round] = products * 2.0 * rows * width * hidden / watch.Elapsed.TotalSeconds / 1e9;
                }
            }
        }
        Array.ForEach(rates, Array.Sort);
        return (rates[0][Rounds / 2], rates[1][Rounds / 2]);
    }
}
