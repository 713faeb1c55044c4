using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// The speed of scoring the same weights by this library and by ONNX Runtime, taken in turns within one process; ratios are medians over the turns of what two ways took one after the other.
/// </summary>
internal sealed class ScoreBenchmark : Command
{
    private static readonly (string Name, VitConfig Model, int[] Batches)[] Models =
    [
        ("32px", VitConfig.SmallImage32, [1, 256]),
        ("Ti/16", VitConfig.Tiny16, [1, 8, 32]),
        ("S/16", VitConfig.Small16, [1, 8, 32]),
        ("B/16", VitConfig.Base16, [1, 8, 32]),
    ];

    /// <summary>Reads images of 224 pixels as the others do and computes next to nothing with them.</summary>
    private static readonly VitConfig Least = VitConfig.Tiny16 with { PatchSize = 112, Width = 16, Heads = 1, Depth = 1 };

    private readonly Option<string[]> models = new("--models") { HelpName = "NAME", Description = $"Some of {string.Join(", ", Models.Select(m => m.Name))}. Default: all.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int> rounds = new("--rounds") { HelpName = "N", Description = "How often each way takes its turn.", DefaultValueFactory = _ => 7 };

    public ScoreBenchmark() : base("score", "Images per second of scoring, beside ONNX Runtime with the same weights.")
    {
        models.AcceptOnlyFromAmong([.. Models.Select(m => m.Name)]);
        Add(models);
        Add(rounds);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string[] asked = run.Arguments.GetValue(models) is { Length: > 0 } some ? some : [.. Models.Select(m => m.Name)];
        int turns = run.Arguments.GetValue(rounds) is >= 1 and var n ? n : throw new ArgumentException("--rounds is below 1.");
        var rows = new List<ScoreRow>();
        var peaks = new List<double>();
        foreach (var (name, model, batches) in Models.Where(m => asked.Contains(m.Name)))
        {
            using var ways = new ScoreWays(model, batches[^1]);
            foreach (int batch in batches)
            {
                run.Console.Profile.Out.Writer.WriteLine($"{name}, batch {batch} ...");
                rows.AddRange(Measure(run, name, batch, turns, [.. ways.For(batch)], peaks));
            }
        }
        // The rows of an input benchmark go here, with the way "input".
        (double transform, double engine) = Overheads(turns);
        JsonArray report = ScoreRow.Report(run, rows);
        double peak = TrainMeter.Median(peaks);
        run.Console.Profile.Out.Writer.WriteLine($"With next to nothing to compute, Transform takes {transform:0.00} ms an image and PredictionEngine {engine:0.00} ms: no network pays more beside its forward pass.");
        run.Console.Profile.Out.Writer.WriteLine($"Peak: {peak:0} GFLOP/s in float32 ({Machine.Cpu})");
        run.Finish("benchmark score", new JsonObject
        {
            ["rows"] = report,
            ["transformOverheadMilliseconds"] = Math.Round(transform, 3),
            ["engineOverheadMilliseconds"] = Math.Round(engine, 3),
            ["peakGflops"] = Math.Round(peak, 1),
            ["cpu"] = Machine.Cpu,
        });
    }

    /// <summary>All ways of one network at one batch size in turns; the first is the one that the others are compared with.</summary>
    private static List<ScoreRow> Measure(SampleRun run, string name, int batch, int turns, (string Name, Action Run, OnnxPeer.BoundBatch? Peer)[] ways, List<double> peaks)
    {
        var seconds = ways.Select(_ => new List<double>()).ToArray();
        var peers = ways.Select(_ => new List<double>()).ToArray();
        Array.ForEach(ways, way => way.Run()); // allocates and packs
        Array.ForEach(ways, way => way.Peer?.Run());
        for (int turn = 0; turn < turns; turn++)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            peaks.AddRange(MatrixPeak.Measure(1));
            for (int way = 0; way < ways.Length; way++)
            {
                seconds[way].Add(Seconds(ways[way].Run));
                if (ways[way].Peer is { } peer)
                {
                    peers[way].Add(Seconds(peer.Run));
                }
            }
        }
        Array.ForEach(ways, way => way.Peer?.Dispose());
        return [.. ways.Select((way, i) => new ScoreRow(
            name, batch, way.Name, batch / TrainMeter.Median(seconds[i]), Ratio(peers[i], seconds[i]), i == 0 ? null : Ratio(seconds[0], seconds[i])))];
    }

    /// <summary>Milliseconds an image of everything but the network: how long the smallest takes.</summary>
    private static (double Transform, double Engine) Overheads(int turns)
    {
        const int Images = 32;
        using var ways = new ScoreWays(Least, Images);
        double Milliseconds(Action action) => TrainMeter.Median(Enumerable.Range(0, turns).Select(_ => Seconds(action))) * 1e3;
        return (Milliseconds(ways.For(Images).First().Run) / Images, Milliseconds(ways.For(1).First(way => way.Name == "engine").Run));
    }

    private static double? Ratio(List<double> times, List<double> others) => times.Count == 0 ? null : TrainMeter.Median(times.Zip(others, (time, other) => time / other));

    /// <summary>The time of one run; of short ones, of one among several, since the first finds other caches and sleeping threads.</summary>
    private static double Seconds(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        if (watch.Elapsed.TotalSeconds is > 0.3 and var once)
        {
            return once;
        }
        watch.Restart();
        int runs = 0;
        do
        {
            action();
            runs++;
        }
        while (watch.Elapsed.TotalSeconds < 0.1);
        return watch.Elapsed.TotalSeconds / runs;
    }
}
