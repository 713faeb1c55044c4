namespace Microsoft.ML.Vit.Tests;

/// <summary>Progress that calls back within the training, after each epoch.</summary>
internal sealed class EpochCallback(Action<EpochMetrics> then) : IProgress<EpochMetrics>
{
    public void Report(EpochMetrics value) => then(value);
}
