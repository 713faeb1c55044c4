using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>One model under many threads, while others save, load and dispose copies of it: whether scores stay equal and memory flat.</summary>
internal sealed class LoadBenchmark : Command
{
    private const int Side = 32;

    /// <summary>Small, so that a hundred thousand predictions take minutes.</summary>
    private static readonly VitConfig Network = VitConfig.SmallImage32 with { PatchSize = 8, Depth = 2 };

    private readonly Option<string?> model = new("--model") { HelpName = "FILE", Description = "A model (.zip) that a sample saved. Default: one that is trained for an epoch on drawn shapes." };
    private readonly Option<double> seconds = new("--seconds") { HelpName = "N", Description = "How long.", DefaultValueFactory = _ => 60 };
    private readonly Option<long?> predictions = new("--predictions") { HelpName = "N", Description = "Ends after so many predictions in place of --seconds." };
    private readonly Option<long> warmUp = new("--warm-up") { HelpName = "N", Description = "Predictions before, which do not count: memory grows while the runtime still compiles.", DefaultValueFactory = _ => 30_000 };
    private readonly Option<int> threads = new("--threads") { HelpName = "N", Description = "Threads that score, each with a PredictionEngine.", DefaultValueFactory = _ => 64 };
    private readonly Option<int> others = new("--others") { HelpName = "N", Description = "Threads that save, load and dispose models meanwhile.", DefaultValueFactory = _ => 3 };

    public LoadBenchmark() : base("load", "Many threads score one model while others save, load and dispose copies of it.")
    {
        foreach (Option option in (Option[])[model, seconds, predictions, warmUp, threads, others])
        {
            Add(option);
        }
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        int scoring = run.Arguments.GetValue(threads) is >= 1 and var n ? n : throw new ArgumentException("--threads is below 1.");
        string folder = Directory.CreateTempSubdirectory("vit-load-").FullName;
        try
        {
            var ml = new MLContext(1);
            new ShapeImages(Side, seed: 1).Write(folder, perClass: 4, run.Cancellation);
            IDataView images = ml.Data.LoadImagesFromFolder(folder);
            ITransformer served = run.Arguments.GetValue(model) is { } file ? ModelFile.Load(ml, file) : Trained(ml, images, run.Cancellation);
            using var disposable = served as IDisposable;
            string[] some = [.. ShapeImages.Classes.Select(name => Path.Combine(folder, name, "0000.png"))];
            var load = new ServedModel(ml, served, images.Schema, folder, some);

            long before = run.Arguments.GetValue(warmUp);
            var watch = new Stopwatch();
            double Progress() => run.Arguments.GetValue(predictions) is { } most ? (double)(load.Predictions - before) / most : watch.Elapsed.TotalSeconds / run.Arguments.GetValue(seconds);
            bool GoesOn() => !run.Cancellation.IsCancellationRequested && load.Errors.IsEmpty && Progress() < 1;
            Thread[] all =
            [
                .. Enumerable.Range(0, scoring).Select(_ => new Thread(() => load.Score(GoesOn))),
                .. Enumerable.Range(0, run.Arguments.GetValue(others)).Select(i => new Thread(() => load.SaveLoadAndDispose(GoesOn, i))),
            ];
            Array.ForEach(all, thread => thread.Start());
            var memory = new MemoryTrack();
            while (GoesOn())
            {
                if (load.Predictions >= before)
                {
                    watch.Start();
                    memory.Sample(Progress());
                }
                Thread.Sleep(50);
            }
            double took = watch.Elapsed.TotalSeconds;
            Array.ForEach(all, thread => thread.Join());
            run.Cancellation.ThrowIfCancellationRequested();
            if (!watch.IsRunning)
            {
                throw new InvalidOperationException($"It ended before anything was measured: {load.Errors.FirstOrDefault() ?? "--predictions is too low"}");
            }
            Finish(run, load, load.Predictions - before, memory, took);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Finish(SampleRun run, ServedModel load, long counted, MemoryTrack memory, double took)
    {
        (double early, double half, double end) = (memory.Megabytes(0.1), memory.Megabytes(0.5), memory.Megabytes(1));
        run.Console.Write(new Table().Border(TableBorder.Rounded).AddColumns("what", "figure")
            .AddRow("predictions", $"{counted} in {took:0.0} s by {run.Arguments.GetValue(threads)} threads")
            .AddRow("distinct scores", $"{load.DistinctScores} of {load.Images} images")
            .AddRow("saved, loaded and disposed meanwhile", $"{load.Reloads}, as many disposed while they scored")
            .AddRow("resident memory at 10 %, 50 %, 100 %", $"{early:0.0}, {half:0.0}, {end:0.0} MB ({end / early - 1:+0.0%;-0.0%})")
            .AddRow("threads of the process at most", $"{memory.MostThreads}")
            .AddRow("errors", $"{load.Errors.Count}"));
        run.Finish("benchmark load", new JsonObject
        {
            ["predictions"] = counted,
            ["predictionsPerSecond"] = Math.Round(counted / took, 1),
            ["images"] = load.Images,
            ["distinctScores"] = load.DistinctScores,
            ["reloads"] = load.Reloads,
            ["residentMegabytes"] = new JsonArray(Math.Round(early, 1), Math.Round(half, 1), Math.Round(end, 1)),
            ["growth"] = Math.Round(end / early - 1, 4),
            ["mostThreads"] = memory.MostThreads,
            ["errors"] = new JsonArray([.. load.Errors.Take(10).Select(error => (JsonNode)error)]),
            ["cpu"] = Machine.Cpu,
        });
        if (!load.Errors.IsEmpty || load.DistinctScores != load.Images)
        {
            throw new InvalidOperationException($"{load.Errors.Count} errors, {load.DistinctScores} distinct scores of {load.Images} images: {load.Errors.FirstOrDefault()}");
        }
    }

    private static ITransformer Trained(MLContext ml, IDataView images, CancellationToken cancellation) => ml.Transforms.Conversion.MapValueToKey("Label")
        .Append(ml.MulticlassClassification.Trainers.Vit(new VitOptions { FeatureColumnName = "ImagePath", Model = Network, Epochs = 1, CancellationToken = cancellation }))
        .Fit(images);
}
