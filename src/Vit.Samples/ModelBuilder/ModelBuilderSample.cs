using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples.ModelBuilder;

/// <summary>Runs the code in Model Builder's shape: trains on four fifths of the images, measures on the rest, saves, and predicts one.</summary>
internal sealed class ModelBuilderSample : Command
{
    private readonly Option<string> data = new("--data") { Required = true, HelpName = "DIR", Description = "One sub-folder of images per class, or a .tar.gz of such." };
    private readonly Option<string> model = new("--model") { HelpName = "FILE", Description = "Where the model goes.", DefaultValueFactory = _ => "FlowersModel.mlnet" };
    private readonly Option<double?> minutes = new("--minutes") { HelpName = "X", Description = "Time budget of training. Default: the trainer's number of epochs." };

    public ModelBuilderSample() : base("modelbuilder", "The same in the shape of code that Model Builder generates.")
    {
        Add(data);
        Add(model);
        Add(minutes);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string file = ModelFile.Prepare(run.Arguments.GetValue(model)!);
        using ImageFolder images = ImageFolder.Open(run.Arguments.GetRequiredValue(data), run.Cancellation);
        var mlContext = new MLContext(seed: 1);
        IDataView all = FlowersModel.LoadImageFromFolder(mlContext, images.Folder);
        DataOperationsCatalog.TrainTestData split = mlContext.Data.TrainTestSplit(all, testFraction: 0.2);
        double? budget = run.Arguments.GetValue(minutes);
        ITransformer trained = TrainingTable.Show(run.Console, progress => FlowersModel.RetrainModel(mlContext, split.TrainSet, new VitOptions
        {
            MaxTrainingTime = budget == null ? null : TimeSpan.FromMinutes(budget.Value),
            Progress = progress,
            CancellationToken = run.Cancellation,
        }));
        using var disposable = trained as IDisposable;
        FlowersModel.SaveModel(mlContext, trained, all, file);
        MulticlassClassificationMetrics metrics = FlowersModel.Evaluate(mlContext, split.TestSet, trained);
        run.Console.WriteLine($"accuracy {metrics.MicroAccuracy:0.0000}, macro accuracy {metrics.MacroAccuracy:0.0000}, log-loss {metrics.LogLoss:0.0000}; saved {file}");

        FlowersModel.MLNetModelPath = file;
        string image = images.Images.First();
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("label", "score");
        foreach ((string label, float score) in FlowersModel.PredictAllLabels(new FlowersModel.ModelInput { ImageSource = File.ReadAllBytes(image) }))
        {
            table.AddRow(Markup.Escape(label), $"{score:0.0000}");
        }
        run.Console.WriteLine($"{Path.GetFileName(Path.GetDirectoryName(image))}/{Path.GetFileName(image)}:");
        run.Console.Write(table);
        run.Finish("modelbuilder", new JsonObject
        {
            ["accuracy"] = metrics.MicroAccuracy,
            ["macroAccuracy"] = metrics.MacroAccuracy,
            ["logLoss"] = metrics.LogLoss,
            ["model"] = file,
        });
    }
}

// modelbuilder --data flowers.tar.gz --minutes 0.5:
//
// epoch 1/6  loss 1.5926  accuracy 0.3113  lr 2.0e-3  images/s 29  left 00:23
// ...
// accuracy 0.6122, macro accuracy 0.6340, log-loss 0.9604; saved FlowersModel.mlnet
// daisy/100080576_f52e8ee070_n.jpg:
// ╭────────────┬────────╮
// │ label      │ score  │
// ├────────────┼────────┤
// │ dandelion  │ 0.7295 │
// │ sunflowers │ 0.1486 │
// │ daisy      │ 0.0481 │
// │ roses      │ 0.0416 │
// │ tulips     │ 0.0323 │
// ╰────────────┴────────╯
// {"sample":"modelbuilder","seconds":34.131,"accuracy":0.612...,"macroAccuracy":0.633...,"logLoss":0.960...,"model":"FlowersModel.mlnet"}   (with --json)
