using System.Diagnostics;

namespace Vit.Samples.Benchmarks;

/// <summary>This process's resident memory over a run.</summary>
internal sealed class MemoryTrack
{
    private readonly List<(double Progress, double Megabytes)> samples = [];

    /// <summary>The most threads that it had.</summary>
    public int MostThreads { get; private set; }

    /// <summary>Takes a sample.</summary>
    /// <param name="progress">Of the run, from 0 to 1.</param>
    public void Sample(double progress)
    {
        using var process = Process.GetCurrentProcess();
        samples.Add((progress, process.WorkingSet64 / 1e6));
        MostThreads = Math.Max(MostThreads, process.Threads.Count);
    }

    /// <summary>Resident memory when so much of the run was over: the median of the five samples nearest to it.</summary>
    public double Megabytes(double progress) => TrainMeter.Median(samples.OrderBy(sample => Math.Abs(sample.Progress - progress)).Take(5).Select(sample => sample.Megabytes));
}
