using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>The Vision Transformer as a way to learn. Its time counts from the files on, decoding included.</summary>
internal static class VitWay
{
    /// <summary>Learns from images of a size; the options' columns stay the defaults.</summary>
    public static Way Of(SampleRun run, MLContext ml, string name, int size, VitOptions options) => new(name, data =>
    {
        IEstimator<ITransformer> pipeline = ImagePixels.Images(ml, size).Append(ml.Transforms.Conversion.MapValueToKey("Label"))
            .Append(ml.MulticlassClassification.Trainers.Vit(options with { CancellationToken = run.Cancellation }));
        var watch = Stopwatch.StartNew();
        ITransformer model = pipeline.Fit(data);
        double seconds = watch.Elapsed.TotalSeconds;
        int epochs = ((IEnumerable<ITransformer>)model).OfType<VitTransformer>().Single().History.Count;
        return new Fitted(model, seconds, $"{epochs} epochs");
    });
}
