using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>Measures a saved model on a folder of images.</summary>
internal sealed class Evaluate : Command
{
    private readonly Option<string> data = new("--data") { Required = true, HelpName = "DIR", Description = "One sub-folder of images per class, or a .tar.gz of such (FILE.tar.gz/FOLDER for a folder inside)." };
    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model (.zip) that a sample saved." };

    public Evaluate() : base("evaluate", "Measures a saved model on a folder of images.")
    {
        Add(data);
        Add(model);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        var ml = new MLContext(1);
        ITransformer loaded = ModelFile.Load(ml, run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        using ImageFolder images = ImageFolder.Open(run.Arguments.GetRequiredValue(data), run.Cancellation);
        var watch = Stopwatch.StartNew();
        JsonObject figures = Report(run, ml, Score(ml, loaded, images));
        figures["imagesPerSecond"] = Math.Round(images.Images.Count() / watch.Elapsed.TotalSeconds, 1);
        run.Finish("evaluate", figures);
    }

    /// <summary>The images with scores, which are computed once however often they are read.</summary>
    /// <exception cref="InvalidDataException">The model does not know a class, or classifies none.</exception>
    public static IDataView Score(MLContext ml, ITransformer model, ImageFolder images)
    {
        IDataView scored = ml.Data.Cache(model.Transform(ml.Data.LoadImagesFromFolder(images.Folder)));
        IReadOnlyList<string> classNames = Scores.ClassNames(scored);
        // Images of other classes could only be wrong, and Evaluate would leave them out without a word.
        string[] unknown = [.. Directory.EnumerateDirectories(images.Folder).Select(Path.GetFileName).OfType<string>().Except(classNames).Order(StringComparer.Ordinal)];
        return unknown.Length == 0 ? scored
            : throw new InvalidDataException($"The model does not know the classes {string.Join(", ", unknown)}; it knows {string.Join(", ", classNames)}.");
    }

    /// <summary>Prints the metrics and the confusion matrix of scored images, and gives the figures.</summary>
    public static JsonObject Report(SampleRun run, MLContext ml, IDataView scored)
    {
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(scored);
        run.Cancellation.ThrowIfCancellationRequested();
        ConfusionTable.Write(run.Console, metrics.ConfusionMatrix, Scores.ClassNames(scored));
        run.Console.MarkupLine($"accuracy [bold]{metrics.MicroAccuracy:0.0000}[/], macro accuracy {metrics.MacroAccuracy:0.0000}, log-loss {metrics.LogLoss:0.0000}");
        return new JsonObject
        {
            ["accuracy"] = metrics.MicroAccuracy,
            ["macroAccuracy"] = metrics.MacroAccuracy,
            ["logLoss"] = metrics.LogLoss,
        };
    }
}

// evaluate --data held --model flowers.zip:
//
//   true \ as   daisy dande roses sunfl tulip  recall
// ─────────────────────────────────────────────────────
//   daisy           6     1     1               0.750
//   ...
// accuracy 0.5250, macro accuracy 0.5250, log-loss 1.1027
// {"sample":"evaluate","seconds":2.151,"accuracy":0.525,"macroAccuracy":0.525,"logLoss":1.1026555430153846,"imagesPerSecond":37.4}   (with --json)
