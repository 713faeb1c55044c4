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

    private readonly Option<string[]> models = new("--models") { HelpName = "NAME", Description = $"Some of {string.Join(", ", Models.Select(m => m.Name))}. Default: all.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> data = new("--data") { HelpName = "DIR", Description = "Photographs for the input: one sub-folder per class, or a .tar.gz of such, flowers.tar.gz for example. Default: drawn ones." };
    private readonly Option<int> rounds = new("--rounds") { HelpName = "N", Description = "How often each way takes its turn.", DefaultValueFactory = _ => 7 };

    public ScoreBenchmark() : base("score", "Images per second of scoring, beside ONNX Runtime with the same weights.")
    {
        models.AcceptOnlyFromAmong([.. Models.Select(m => m.Name)]);
        Add(models);
        Add(data);
        Add(rounds);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string[] asked = run.Arguments.GetValue(models) is { Length: > 0 } some ? some : [.. Models.Select(m => m.Name)];
        int turns = run.Arguments.GetValue(rounds) is >= 1 and var n ? n : throw new ArgumentException("--rounds is below 1.");
        var rows = new List<ScoreRow>();
        var overheads = new List<ScoreOverhead>();
        var peaks = new List<double>();
        foreach (var (name, model, batches) in Models.Where(m => asked.Contains(m.Name)))
        {
            using var ways = new ScoreWays(model, batches[^1]);
            foreach (int batch in batches)
            {
                run.Console.Profile.Out.Writer.WriteLine($"{name}, batch {batch} ...");
                rows.AddRange(Measure(run, name, batch, turns, [.. ways.For(batch)], peaks));
            }
            overheads.Add(ScoreOverhead.Measure(name, model, rows.Last(row => row.Way == "fp32").ImagesPerSecond, turns));
        }
        rows.AddRange(InputBenchmark.Rows(run, run.Arguments.GetValue(data), turns).Select(row => ScoreRow.OfInput(row!)));
        JsonArray report = ScoreRow.Report(run, rows);
        double peak = TrainMeter.Median(peaks);
        foreach (ScoreOverhead overhead in overheads)
        {
            run.Console.Profile.Out.Writer.WriteLine(
                $"{overhead.Model}: beside the forward pass Transform takes at most {overhead.TransformPercent:0.0} % of its time, PredictionEngine at most {overhead.EngineMilliseconds:0.00} ms an image.");
        }
        run.Console.Profile.Out.Writer.WriteLine($"Peak: {peak:0} GFLOP/s in float32 ({Machine.Cpu})");
        run.Finish("benchmark score", new JsonObject
        {
            ["rows"] = report,
            ["overheads"] = new JsonArray([.. overheads.Select(overhead => overhead.Report())]),
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

    private static double? Ratio(List<double> times, List<double> others) => times.Count == 0 ? null : TrainMeter.Median(times.Zip(others, (time, other) => time / other));

    /// <summary>The time of one run; of short ones, of one among several, since the first finds other caches and sleeping threads.</summary>
    public static double Seconds(Action action)
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
