using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// The speed of whole training steps (forward, backward, clipping, optimizer) in real fits on drawn pixels, beside the speed at which this machine multiplies large matrices, taken
/// in turns within one run.
/// </summary>
internal sealed class TrainBenchmark : Command
{
    /// <summary>Name, architecture, images a step, steps an epoch. Muon is the default optimizer from scratch; the large ones train by AdamW, as they do when fine-tuned.</summary>
    private static readonly (string Name, VitConfig Model, int Batch, int Steps, VitOptimizer Optimizer)[] Models =
    [
        ("32px", VitConfig.SmallImage32, 128, 6, new MuonOptimizer()),
        ("Ti/16", VitConfig.Tiny16, 8, 6, new AdamWOptimizer()),
        ("S/16", VitConfig.Small16, 8, 3, new AdamWOptimizer()),
        ("B/16", VitConfig.Base16, 4, 2, new AdamWOptimizer()),
    ];

    private readonly Option<string[]> models = new("--models") { HelpName = "NAME", Description = $"Some of {string.Join(", ", Models.Select(m => m.Name))}. Default: all.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int> epochs = new("--epochs") { HelpName = "N", Description = "Epochs of a few steps that are measured, after one that is not.", DefaultValueFactory = _ => 5 };
    private readonly Option<VitPrecision> precision = new("--precision") { HelpName = "P", Description = string.Join(", ", Enum.GetNames<VitPrecision>()), DefaultValueFactory = _ => VitPrecision.Float32 };
    private readonly Option<bool> checkpointing = new("--gradient-checkpointing") { Description = "Backward computes each block anew." };

    public TrainBenchmark() : base("train", "Images per second of training, and the share of the machine's matrix-multiply peak that they use.")
    {
        models.AcceptOnlyFromAmong([.. Models.Select(m => m.Name)]);
        foreach (Option option in (Option[])[models, epochs, precision, checkpointing])
        {
            Add(option);
        }
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string[] asked = run.Arguments.GetValue(models) is { Length: > 0 } some ? some : [.. Models.Select(m => m.Name)];
        int count = run.Arguments.GetValue(epochs) is >= 1 and var n ? n : throw new ArgumentException("--epochs is below 1.");
        var meters = new List<TrainMeter>();
        foreach (var (name, model, batch, steps, optimizer) in Models.Where(m => asked.Contains(m.Name)))
        {
            run.Console.WriteLine($"{name}, {batch} images a step, {optimizer.GetType().Name} ...");
            var ml = new MLContext(1);
            using var meter = new TrainMeter(name, model, batch, optimizer);
            IDataView data = RandomPixels.Of(ml, model, batch * steps);
            using VitTransformer trained = ml.MulticlassClassification.Trainers.Vit(new VitOptions
            {
                Model = model,
                Epochs = count + 1,
                BatchSize = batch,
                Optimizer = optimizer,
                Augmentations = [],
                Precision = run.Arguments.GetValue(precision),
                GradientCheckpointing = run.Arguments.GetValue(checkpointing),
                Progress = meter,
                CancellationToken = run.Cancellation,
            }).Fit(data);
            meters.Add(meter);
        }
        // One peak for all rows: the median over the whole run, so that a slow moment changes all alike.
        double peak = TrainMeter.Median(meters.SelectMany(meter => meter.Peaks));
        run.Finish("benchmark train", new JsonObject
        {
            ["rows"] = Report(run, meters, peak),
            ["peakGflops"] = Math.Round(peak, 1),
            ["cpu"] = Machine.Cpu,
        });
    }

    private static JsonArray Report(SampleRun run, List<TrainMeter> meters, double peak)
    {
        Table table = new Table().Border(TableBorder.Rounded);
        foreach (string heading in (string[])["model", "batch", "optimizer", "images/s", "share of peak", "optimizer's share", "against torch.optim.AdamW", "memory"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }
        var rows = new JsonArray();
        foreach (TrainMeter meter in meters)
        {
            double share = meter.ImagesPerSecond * meter.FlopsPerImage / 1e9 / peak;
            table.AddRow(meter.Name, $"{meter.Batch}", meter.Optimizer, $"{meter.ImagesPerSecond:0.00}", $"{share:P1}", $"{meter.OptimizerShare:P1}", meter.OptimizerSpeedup is { } times ? $"{times:0.0} x" : "-", $"{meter.MemoryMegabytes:0} MB");
            rows.Add(new JsonObject
            {
                ["model"] = meter.Name,
                ["batch"] = meter.Batch,
                ["optimizer"] = meter.Optimizer,
                ["imagesPerSecond"] = Math.Round(meter.ImagesPerSecond, 3),
                ["shareOfPeak"] = Math.Round(share, 4),
                ["optimizerShare"] = Math.Round(meter.OptimizerShare, 4),
                ["optimizerSpeedup"] = meter.OptimizerSpeedup is { } ratio ? Math.Round(ratio, 2) : null,
                ["memoryMegabytes"] = Math.Round(meter.MemoryMegabytes),
            });
        }
        run.Console.Write(table);
        run.Console.WriteLine($"Peak: {peak:0} GFLOP/s in float32 ({Machine.Cpu})");
        return rows;
    }
}
