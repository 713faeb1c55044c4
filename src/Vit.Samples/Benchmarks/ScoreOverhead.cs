using System.Text.Json.Nodes;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// What Transform and PredictionEngine cost beside the forward pass, from above: as long as they take with a network of next to nothing on the same images, less its own share, which is nearly
/// in proportion to its width and so is what one of twice the width takes more. What is left includes copying the pixels from ML.NET's images, which any way of scoring them pays.
/// </summary>
/// <param name="Model">The network that it is compared with.</param>
/// <param name="TransformPercent">Of an image in Transform, in hundredths of what it takes with the network, batch by batch.</param>
/// <param name="EngineMilliseconds">Of PredictionEngine, for an image.</param>
internal sealed record ScoreOverhead(string Model, double TransformPercent, double EngineMilliseconds)
{
    private const int Images = 32;

    /// <summary>Times the turns of what takes longer: a difference of short times is a noisy one.</summary>
    private const int More = 4;

    /// <summary>Measures it.</summary>
    /// <param name="name">What the network is called.</param>
    /// <param name="model">Its architecture.</param>
    /// <param name="imagesPerSecond">What Transform gives with it at its largest batch.</param>
    /// <param name="turns">How often each is measured.</param>
    public static ScoreOverhead Measure(string name, VitConfig model, double imagesPerSecond, int turns)
    {
        VitConfig narrow = VitConfig.Tiny16 with { ImageSize = model.ImageSize, PatchSize = Math.Min(model.ImageSize.Height / 2, 28), Width = 64, Heads = 1, Depth = 1, MlpRatio = 1 };
        using var ways = new ScoreWays(narrow, Images, isWhole: false);
        using var twice = new ScoreWays(narrow with { Width = 2 * narrow.Width }, Images, isWhole: false);
        double Seconds(Func<ScoreWays, Action> way)
        {
            (Action one, Action other) = (way(ways), way(twice));
            one();
            other();
            (double One, double Other)[] times = [.. Enumerable.Range(0, More * turns).Select(_ => (ScoreBenchmark.Seconds(one), ScoreBenchmark.Seconds(other)))];
            return 2 * TrainMeter.Median(times.Select(time => time.One)) - TrainMeter.Median(times.Select(time => time.Other));
        }
        double transform = Seconds(its => its.For(Images).First().Run) / Images, engine = Seconds(its => its.For(1).First(way => way.Name == "engine").Run);
        return new ScoreOverhead(name, 100 * transform * imagesPerSecond, 1e3 * engine);
    }

    /// <summary>As JSON.</summary>
    public JsonObject Report() => new()
    {
        ["model"] = Model,
        ["transformPercent"] = Math.Round(TransformPercent, 2),
        ["engineMilliseconds"] = Math.Round(EngineMilliseconds, 3),
    };
}
