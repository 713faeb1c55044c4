using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>The Vision Transformer as a way to learn. Its time counts from the files on, decoding included.</summary>
internal static class VitWay
{
    /// <summary>Learns from images of a size, which ML.NET reads, or from the files themselves.</summary>
    /// <param name="run">What is under way.</param>
    /// <param name="ml">The context.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="size">Pixels of a side; null for the files, which the options name as the feature column then.</param>
    /// <param name="options">How it learns; the other columns stay the defaults.</param>
    public static Way Of(SampleRun run, MLContext ml, string name, int? size, VitOptions options) => new(name, data =>
    {
        IEstimator<ITransformer> labels = ml.Transforms.Conversion.MapValueToKey("Label");
        IEstimator<ITransformer> pipeline = (size is { } side ? ImagePixels.Images(ml, side).Append(labels) : labels)
            .Append(ml.MulticlassClassification.Trainers.Vit(options with { CancellationToken = run.Cancellation }));
        var watch = Stopwatch.StartNew();
        ITransformer model = pipeline.Fit(data);
        double seconds = watch.Elapsed.TotalSeconds;
        int epochs = ((IEnumerable<ITransformer>)model).OfType<VitTransformer>().Single().History.Count;
        return new Fitted(model, seconds, $"{epochs} epochs");
    });
}
