using System.Diagnostics;
using Microsoft.ML.Vit;
using TorchSharp;
using static TorchSharp.torch;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// Listens to one fit. After every epoch, on the training's own thread and outside what the epoch counts, it multiplies large matrices on all cores and steps torch.optim.AdamW over
/// parameters of the same shapes, so that all figures are of the same moments.
/// </summary>
internal sealed class TrainMeter(string name, VitConfig model, int batch, VitOptimizer optimizer) : IProgress<EpochMetrics>, IDisposable
{
    private readonly List<EpochMetrics> epochs = [];
    private readonly List<double> theirSteps = [];
    private nn.Module? parameters;
    private optim.Optimizer? theirs;

    public string Name => name;

    public int Batch => batch;

    public string Optimizer => optimizer.GetType().Name.Replace("Optimizer", "", StringComparison.Ordinal);

    /// <summary>GFLOP/s of large products on all cores.</summary>
    public List<double> Peaks { get; } = [];

    public double ImagesPerSecond => Median(epochs.Select(epoch => epoch.ImagesPerSecond));

    public double OptimizerShare => Median(epochs.Select(epoch => epoch.OptimizerShare));

    /// <summary>How much faster a step of the trainer's AdamW is than one of torch.optim.AdamW; null for another optimizer, whose step does other work.</summary>
    public double? OptimizerSpeedup => theirSteps.Count == 0 ? null : Median(theirSteps) / (OptimizerShare * batch / ImagesPerSecond);

    /// <summary>A training step's floating-point operations for an image: three times those of the forward pass's products.</summary>
    public double FlopsPerImage => 3 * NetworkArithmetic.ForwardFlops(model with { Classes = RandomPixels.Classes });

    /// <summary>The process's largest resident memory at the end of the fit; after several models, that of the largest so far.</summary>
    public double MemoryMegabytes { get; private set; }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public void Report(EpochMetrics value)
    {
        MemoryMegabytes = Process.GetCurrentProcess().PeakWorkingSet64 / 1e6;
        if (value.Epoch > 1) // the first is slower: nothing is allocated yet
        {
            epochs.Add(value);
            MeasureTheirs();
        }
        Peaks.AddRange(MatrixPeak.Measure());
    }

    public void Dispose()
    {
        theirs?.Dispose();
        parameters?.Dispose();
    }

    private void MeasureTheirs()
    {
        if (optimizer is not AdamWOptimizer options)
        {
            return;
        }
        if (theirs is null)
        {
            parameters = NetworkArithmetic.Parameters(model with { Classes = RandomPixels.Classes });
            theirs = optim.AdamW(parameters.parameters(), options.LearningRate, options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay);
            theirs.step(); // allocates its state
        }
        for (int round = 0; round < 2; round++)
        {
            theirSteps.Add(Seconds(() => theirs.step()));
        }
    }

    private static double Seconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }
}
