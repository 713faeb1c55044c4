using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Spectre.Console;
using static Microsoft.ML.TrainCatalogBase;

namespace Vit.Samples;

/// <summary>Cross-validates the whole pipeline: every image is scored once by a model that has not seen it.</summary>
internal sealed class CrossValidate : Command
{
    private readonly Option<int> folds = new("--folds") { HelpName = "N", Description = "Parts that the images are split into, at least 2.", DefaultValueFactory = _ => 5 };
    private readonly TrainingOptions training;

    public CrossValidate() : base("crossvalidate", "Trains and measures a model per fold; a time budget is that of one fold.")
    {
        training = new TrainingOptions(this);
        Add(folds);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        int count = run.Arguments.GetValue(folds);
        if (count < 2)
        {
            throw new ArgumentException($"--folds is {count}; expected at least 2.");
        }
        using ImageFolder images = training.OpenData(run);
        var ml = new MLContext(training.Seed(run));
        IDataView data = ml.Data.LoadImagesFromFolder(images.Folder);
        IReadOnlyList<CrossValidationResult<MulticlassClassificationMetrics>> results = TrainingTable.Show(run.Console, progress =>
            ml.MulticlassClassification.CrossValidate(data, TrainingOptions.Pipeline(ml, training.For(run, images) with { Progress = progress }), count));

        Table table = new Table().Border(TableBorder.Rounded).AddColumns("fold", "accuracy", "macro accuracy", "log-loss");
        foreach (CrossValidationResult<MulticlassClassificationMetrics> result in results)
        {
            table.AddRow($"{result.Fold + 1}", $"{result.Metrics.MicroAccuracy:0.0000}", $"{result.Metrics.MacroAccuracy:0.0000}", $"{result.Metrics.LogLoss:0.0000}");
            (result.Model as IDisposable)?.Dispose();
        }
        double accuracy = results.Average(result => result.Metrics.MicroAccuracy);
        double macroAccuracy = results.Average(result => result.Metrics.MacroAccuracy);
        double logLoss = results.Average(result => result.Metrics.LogLoss);
        table.AddRow("mean", $"{accuracy:0.0000}", $"{macroAccuracy:0.0000}", $"{logLoss:0.0000}");
        run.Console.Write(table);
        run.Finish("crossvalidate", new JsonObject
        {
            ["accuracy"] = accuracy,
            ["macroAccuracy"] = macroAccuracy,
            ["logLoss"] = logLoss,
            ["folds"] = new JsonArray([.. results.Select(result => (JsonNode)result.Metrics.MicroAccuracy)]),
        });
    }
}

// crossvalidate --data flowers.tar.gz --folds 2 --minutes 0.15:
//
// epoch 1/11  loss 1.5643  accuracy 0.2680  lr 1.9e-3  images/s 120  left 00:07
// ...
// ╭──────┬──────────┬────────────────┬──────────╮
// │ fold │ accuracy │ macro accuracy │ log-loss │
// ├──────┼──────────┼────────────────┼──────────┤
// │ 1    │ 0.5437   │ 0.5449         │ 1.1155   │
// │ 2    │ 0.5464   │ 0.5355         │ 1.2739   │
// │ mean │ 0.5450   │ 0.5402         │ 1.1947   │
// ╰──────┴──────────┴────────────────┴──────────╯
// {"sample":"crossvalidate","seconds":26.775,"accuracy":0.545...,"macroAccuracy":0.540...,"logLoss":1.194...,"folds":[0.543...,0.546...]}   (with --json)
