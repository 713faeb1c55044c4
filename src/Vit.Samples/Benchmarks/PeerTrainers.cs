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
    // LightGBM's trees beyond this change nothing on any of the sets.
    private const int MostTrees = 2000;

    private const int MostSteps = 2000;

    private int? trees;
    private int? steps;

    /// <summary>Gradient-boosted trees.</summary>
    public Way LightGbm => new("LightGbm", data => Fit(data, "trees a class", MostTrees, ref trees, iterations =>
        ml.MulticlassClassification.Trainers.LightGbm(new LightGbmMulticlassTrainer.Options
        {
            NumberOfIterations = iterations,
            NumberOfLeaves = 31,
            LearningRate = 0.1,
            MinimumExampleCountPerLeaf = 5,
            UseSoftmax = true,
            HandleMissingValue = false,
            Seed = 1,
            Booster = new GradientBooster.Options { FeatureFraction = 0.2, SubsampleFraction = 0.8, SubsampleFrequency = 1 },
        })));

    /// <summary>Logistic regression with ML.NET's regularisation; pixels from 0 to 1 are what it likes best.</summary>
    public Way LbfgsMaximumEntropy => new("LbfgsMaximumEntropy", data => Fit(data, "steps at most", MostSteps, ref steps, iterations =>
        ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options { MaximumNumberOfIterations = iterations })));

    private Fitted Fit(IDataView images, string unit, int most, ref int? iterations, Func<int, IEstimator<ITransformer>> trainer)
    {
        ITransformer preparation = ImagePixels.Floats(ml, imageSize).Append(ml.Transforms.Conversion.MapValueToKey("Label")).Fit(images);
        IDataView pixels = ml.Data.Cache(preparation.Transform(images), "Features", "Label");
        iterations ??= Math.Min(most, IterationsInTime(count => Seconds(trainer(count), pixels, out _)));
        double seconds = Seconds(trainer(iterations.Value), pixels, out ITransformer trained);
        return new Fitted(new TransformerChain<ITransformer>(preparation, trained), seconds, $"{iterations} {unit}");
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
