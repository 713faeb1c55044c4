using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.LightGbm;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// ML.NET's own multiclass trainers on the pixels of images, set as serves them best, with as many iterations as the time allows. They know no time limit:
/// short runs on the first images tell what an iteration takes. Neither those runs nor decoding count as their time.
/// </summary>
internal sealed class PeerTrainers(MLContext ml, int imageSize, TimeSpan budget, CancellationToken cancellation = default)
{
    // What trees and steps beyond these change, on the smaller sets, is less than a seed does.
    private const int MostTrees = 2000;
    private const int MostSteps = 2000;

    // Up to so many images, small trees do best; above, large ones on coarser pixels, which take half the time and lose nothing.
    private const int FewImages = 5000;

    private int? trees;
    private int? steps;

    /// <summary>Gradient-boosted trees, each from a tenth of the pixels.</summary>
    public Way LightGbm => new("LightGbm", data => Fit(data, "trees a class", MostTrees, ref trees, iterations =>
    {
        bool few = data.GetRowCount() <= FewImages;
        return ml.MulticlassClassification.Trainers.LightGbm(new LightGbmMulticlassTrainer.Options
        {
            NumberOfIterations = iterations,
            NumberOfLeaves = few ? 8 : 63,
            LearningRate = few ? 0.05 : 0.1,
            MinimumExampleCountPerLeaf = few ? 5 : 20,
            MaximumBinCountPerFeature = few ? 255 : 63,
            UseSoftmax = true,
            HandleMissingValue = false,
            Seed = 1,
            Booster = new GradientBooster.Options { FeatureFraction = 0.1, SubsampleFraction = 0.8, SubsampleFrequency = 1 },
        });
    }));

    /// <summary>Logistic regression with ML.NET's own regularisation, on pixels from 0 to 1.</summary>
    public Way LbfgsMaximumEntropy => new("LbfgsMaximumEntropy", data => Fit(data, "steps", MostSteps, ref steps, iterations =>
        ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
        {
            MaximumNumberOfIterations = iterations,
            NumberOfThreads = Environment.ProcessorCount,
        })));

    private Fitted Fit(IDataView images, string unit, int most, ref int? iterations, Func<int, IEstimator<ITransformer>> trainer)
    {
        ITransformer preparation = ImagePixels.Floats(ml, imageSize).Append(ml.Transforms.Conversion.MapValueToKey("Label")).Fit(images);
        IDataView pixels = ml.Data.Cache(preparation.Transform(images), "Features", "Label");
        iterations ??= Math.Min(most, IterationsInTime(count => Seconds(trainer(count), pixels, out _)));
        double seconds = Seconds(trainer(iterations.Value), pixels, out ITransformer trained);
        return new Fitted(new TransformerChain<ITransformer>(preparation, trained), seconds, $"up to {iterations} {unit}");
    }

    private int IterationsInTime(Func<int, double> seconds)
    {
        const int Few = 10, More = 30;
        // The first run of all compiles, decodes and fills the cache.
        seconds(1);
        double few = seconds(Few);
        double more = seconds(More);
        double each = Math.Max((more - few) / (More - Few), more / More / 10);
        double start = Math.Max(0, few - (Few * each));
        return Math.Max(1, (int)Math.Min(int.MaxValue, (budget.TotalSeconds - start) / each));
    }

    private double Seconds(IEstimator<ITransformer> trainer, IDataView pixels, out ITransformer trained)
    {
        cancellation.ThrowIfCancellationRequested();
        var watch = Stopwatch.StartNew();
        trained = trainer.Fit(pixels);
        return watch.Elapsed.TotalSeconds;
    }
}
