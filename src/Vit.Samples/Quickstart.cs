using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>From nothing to a served model: draws images, trains, evaluates, saves model and report, and predicts in a second process.</summary>
internal sealed class Quickstart : Command
{
    private const int Side = 64;
    private const int TrainPerClass = 240;
    private const int TestPerClass = 60;
    private const double LowestAccuracy = 0.95;

    private readonly Option<string?> output = new("--out") { HelpName = "DIR", Description = "Where images and model go. Default: a new temporary folder." };
    private readonly Option<int> seed = new("--seed") { HelpName = "N", Description = "Seed of the images and of the training.", DefaultValueFactory = _ => 1 };
    private readonly Option<double> minutes = new("--minutes") { HelpName = "X", Description = "The longest that training may take.", DefaultValueFactory = _ => 1.4 };

    public Quickstart() : base("quickstart", "Draws images of shapes, learns them, saves the model and reopens it in a second process.")
    {
        Add(output);
        Add(seed);
        Add(minutes);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string folder = run.Arguments.GetValue(output) is { } named ? Directory.CreateDirectory(named).FullName : Directory.CreateTempSubdirectory("vit-quickstart-").FullName;
        string train = Path.Combine(folder, "train"), test = Path.Combine(folder, "test"), file = Path.Combine(folder, "shapes.zip");
        var shapes = new ShapeImages(Side, run.Arguments.GetValue(seed));
        shapes.Write(train, TrainPerClass, run.Cancellation);
        shapes.Write(test, TestPerClass, run.Cancellation);
        run.Console.WriteLine($"Drew {ShapeImages.Classes.Count * (TrainPerClass + TestPerClass)} images of {ShapeImages.Classes.Count} shapes in {folder}");

        var ml = new MLContext(run.Arguments.GetValue(seed));
        IDataView images = ml.Data.LoadImagesFromFolder(train);
        TransformerChain<KeyToValueMappingTransformer> model = TrainingTable.Show(run.Console, progress =>
        {
            var options = new VitOptions
            {
                Epochs = 10,
                MaxTrainingTime = TimeSpan.FromMinutes(run.Arguments.GetValue(minutes)),
                Progress = progress,
                CancellationToken = run.Cancellation,
            };
            var pipeline = ml.Transforms.Conversion.MapValueToKey("Label")
                .Append(ml.Transforms.LoadImages("Image", imageFolder: null, "ImagePath"))
                .Append(ml.Transforms.ResizeImages("Features", Side, Side, "Image"))
                .Append(ml.MulticlassClassification.Trainers.Vit(options))
                .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
            return pipeline.Fit(images);
        });
        using TransformerChain<KeyToValueMappingTransformer> disposable = model;

        IDataView scored = ml.Data.Cache(model.Transform(ml.Data.LoadImagesFromFolder(test)));
        MulticlassClassificationMetrics metrics = ml.MulticlassClassification.Evaluate(scored);
        ConfusionTable.Write(run.Console, metrics.ConfusionMatrix, Scores.ClassNames(scored));
        run.Console.MarkupLine($"Held-out accuracy [bold]{metrics.MicroAccuracy:0.0000}[/], log-loss {metrics.LogLoss:0.0000}");

        ModelFile.Save(ml, model, images.Schema, file);
        string[] some = [.. ShapeImages.Classes.Take(5).Select(name => Path.Combine(test, name, "0000.png"))];
        SecondProcess.Compare(run.Console, Scores.Of(ml, model, some), SecondProcess.Predict(file, some, run.Cancellation));
        string report = ModelFile.Report(run, model, scored, file);
        run.Finish("quickstart", new JsonObject { ["accuracy"] = metrics.MicroAccuracy, ["model"] = file, ["report"] = report });
        if (metrics.MicroAccuracy < LowestAccuracy)
        {
            throw new InvalidOperationException($"The held-out accuracy is {metrics.MicroAccuracy:0.0000}; expected at least {LowestAccuracy}.");
        }
    }
}

// On two cores; how many epochs fit depends on the machine:
//
// Drew 2700 images of 9 shapes in ...
// epoch 1/9  loss 2.0645  accuracy 0.1894  lr 2.0e-3  images/s 221  left 01:13
// ...
// epoch 10/10  loss 0.0064  accuracy 0.9995  lr 5.3e-8  images/s 270  left 00:00
//
//   true \ as  arrow circl cresc cross heart ring squar star trian  recall
// ──────────────────────────────────────────────────────────────────────────
//   arrow         60                                                 1.000
//   circle              60                                           1.000
//   ...
// Held-out accuracy 1.0000, log-loss 0.0039
// ╭───────────────────┬─────────────────┬─────────────────╮
// │ image             │ here            │ second process  │
// ├───────────────────┼─────────────────┼─────────────────┤
// │ arrow/0000.png    │ arrow 0.9962    │ arrow 0.9962    │
// ...
// Report: ...
// {"sample":"quickstart","seconds":88.292,"accuracy":1,"model":"...","report":"..."}   (with --json, another run)
