using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Vit.Samples.Benchmarks;

namespace Vit.Samples;

/// <summary>Trains on CIFAR-10 for some minutes, tests on its 10,000 test images, and gives ML.NET's LightGBM the same minutes on the same pixels.</summary>
internal sealed class Cifar10 : Command
{
    private const double DefaultMinutes = 10;

    private readonly Option<string?> model = new("--model") { HelpName = "FILE", Description = "Where the model goes (.zip); without it, it is not kept." };
    private readonly Option<bool> noPeer = new("--no-peer") { Description = "Leave out LightGBM." };
    private readonly CheckpointOptions checkpoints;
    private readonly TrainingOptions training;

    public Cifar10()
        : base("cifar10", $"CIFAR-10 beside LightGBM: --data cifar10.tar.gz, with train and test inside. Without --minutes or --epochs, {DefaultMinutes} minutes each.")
    {
        training = new TrainingOptions(this);
        Add(model);
        Add(noPeer);
        checkpoints = new CheckpointOptions(this);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string? file = run.Arguments.GetValue(model) is { } path ? ModelFile.Prepare(path) : null;
        using ImageFolder images = training.OpenData(run, "train");
        using ImageFolder test = training.OpenData(run, "test");
        var ml = new MLContext(training.Seed(run));
        VitOptions options = checkpoints.Add(run, ml, training.For(run, images));
        if (!training.HasEnd(run))
        {
            options = options with { MaxTrainingTime = TimeSpan.FromMinutes(DefaultMinutes) };
        }
        IDataView data = ml.Data.LoadImagesFromFolder(images.Folder);
        ITransformer trained = TrainingTable.Show(run.Console, progress => TrainingOptions.Pipeline(ml, options with { Progress = progress }).Fit(data));
        using var disposable = (IDisposable)trained;
        if (file != null)
        {
            ModelFile.Save(ml, trained, data.Schema, file);
        }
        VitTransformer vit = ((IEnumerable<ITransformer>)trained).OfType<VitTransformer>().Single();
        double seconds = vit.History[^1].ElapsedSeconds; // of earlier runs, too, where it went on from a checkpoint
        JsonObject figures = Evaluate.Report(run, ml, Evaluate.Score(ml, trained, test));
        var marks = new List<Mark> { new("cifar10", "Vit", (double)figures["accuracy"]!, seconds, $"{vit.History.Count} epochs") };
        if (!run.Arguments.GetValue(noPeer))
        {
            // Where epochs were asked for, LightGBM gets the time they took; it is measured without reading images.
            var peers = new PeerTrainers(ml, 32, options.MaxTrainingTime ?? TimeSpan.FromSeconds(seconds), run.Cancellation);
            marks.Add(Mark.Of(run, ml, "cifar10", [new ImageSplit(ImageSplit.ImagesOf(images), ImageSplit.ImagesOf(test))], peers.LightGbm));
            figures["lightGbmAccuracy"] = marks[^1].Accuracy;
            figures["lightGbmSeconds"] = Math.Round(marks[^1].Seconds, 3);
        }
        Mark.Report(run, marks);
        figures["trainingSeconds"] = Math.Round(seconds, 3);
        figures["imagesPerSecond"] = Math.Round(vit.History.Average(epoch => epoch.ImagesPerSecond), 1);
        figures["epochs"] = vit.History.Count;
        figures["device"] = vit.Device;
        if (file != null)
        {
            figures["model"] = file;
        }
        run.Finish("cifar10", figures);
    }
}

// cifar10 --data cifar10.tar.gz --minutes 0.5 --no-peer (one core):
//
// epoch 1/1  loss 2.0550  accuracy 0.2430  lr 2.0e-7  images/s 124  left 00:00
//   true \ as   airpl autom bird cat deer dog frog horse ship truck  recall
// ───────────────────────────────────────────────────────────────────────────
//   airplane      349     6  133  48  158  37    3        260     6   0.349
//   ...
// accuracy 0.2232, macro accuracy 0.2232, log-loss 2.0507
// ╭─────────┬─────┬──────────┬─────────┬──────────────╮
// │ data    │ way │ accuracy │ seconds │ in that time │
// ├─────────┼─────┼──────────┼─────────┼──────────────┤
// │ cifar10 │ Vit │ 0.2232   │ 31.4    │ 1 epochs     │
// ╰─────────┴─────┴──────────┴─────────┴──────────────╯
// With --json, and with LightGBM also lightGbmAccuracy and lightGbmSeconds; trainingSeconds are those of all runs, where --checkpoints let it go on, without reading the images:
// {"sample":"cifar10","seconds":60.686,"accuracy":0.2232,"macroAccuracy":0.223...,"logLoss":2.050...,"trainingSeconds":...,"imagesPerSecond":123.9,"epochs":1,"device":"cpu"}
