using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// The defaults of <c>Vit()</c> beside ML.NET's own trainers: the same pixels and the same minutes, one after the other, on 200 photographs, on 2,000 and on 50,000 small images.
/// </summary>
internal sealed class FewImagesBenchmark : Command
{
    private const int Folds = 5;
    private const int PerClass = 200;

    private static readonly string[] Sets = ["flowers", "cifar10-200", "cifar10"];
    private static readonly string[] Ways = ["Vit", "LbfgsMaximumEntropy", "LightGbm"];

    private readonly Option<string> data = new("--data") { Required = true, HelpName = "DIR", Description = "The folder that holds flowers.tar.gz and cifar10.tar.gz." };
    private readonly Option<string?> only = new("--only") { HelpName = "NAME", Description = $"One set alone: {string.Join(", ", Sets)}." };
    private readonly Option<double> scale = new("--scale") { HelpName = "X", Description = "Times the minutes, which are 1 a fold of flowers, 3 for 200 images a class of CIFAR-10, and 10 for all.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> way = new("--way") { HelpName = "NAME", Description = $"One way of learning alone: {string.Join(", ", Ways)}." };
    private readonly Option<int> seed = new("--seed") { HelpName = "N", Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };

    public FewImagesBenchmark() : base("few-images", "Vit() beside ML.NET's own trainers in equal minutes, on hundreds, thousands and tens of thousands of images.")
    {
        only.AcceptOnlyFromAmong(Sets);
        way.AcceptOnlyFromAmong(Ways);
        foreach (Option option in (Option[])[data, only, scale, way, seed])
        {
            Add(option);
        }
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string? name = run.Arguments.GetValue(only);
        if (run.Arguments.GetValue(scale) is var times && times is not (> 0 and < 1000))
        {
            throw new ArgumentException($"--scale is {times}; expected more than 0 and less than 1000.");
        }
        string folder = run.Arguments.GetRequiredValue(data);
        var marks = new List<Mark>();
        if (name is null or "flowers")
        {
            using ImageFolder flowers = ImageFolder.Open(Path.Combine(folder, "flowers.tar.gz"), run.Cancellation);
            // 32 pixels serve logistic regression and trees as well as 64, and both are quicker for it.
            marks.AddRange(Compare(run, "flowers", ImageSplit.Folds(flowers, Folds, run.Arguments.GetValue(seed)), 1, size: 64, peerSize: 32));
        }
        if (name != "flowers")
        {
            using ImageFolder train = ImageFolder.Open(Path.Combine(folder, "cifar10.tar.gz/train"), run.Cancellation);
            using ImageFolder test = ImageFolder.Open(Path.Combine(folder, "cifar10.tar.gz/test"), run.Cancellation);
            IReadOnlyList<LabeledImage> held = ImageSplit.ImagesOf(test);
            if (name is null or "cifar10-200")
            {
                marks.AddRange(Compare(run, "cifar10-200", [new ImageSplit(ImageSplit.ImagesOf(train, PerClass), held)], 3, size: 32, peerSize: 32));
            }
            if (name is null or "cifar10")
            {
                marks.AddRange(Compare(run, "cifar10", [new ImageSplit(ImageSplit.ImagesOf(train), held)], 10, size: 32, peerSize: 32));
            }
        }
        run.Finish("few-images", new JsonObject { ["rows"] = Mark.Report(run, marks) });
    }

    private List<Mark> Compare(SampleRun run, string name, IReadOnlyList<ImageSplit> splits, double minutes, int size, int peerSize)
    {
        int random = run.Arguments.GetValue(seed);
        var ml = new MLContext(random);
        TimeSpan budget = TimeSpan.FromMinutes(minutes * run.Arguments.GetValue(scale));
        var peers = new PeerTrainers(ml, peerSize, budget, run.Cancellation);
        Way[] all = [VitWay.Of(run, ml, "Vit", size, new VitOptions { MaxTrainingTime = budget }), peers.LbfgsMaximumEntropy, peers.LightGbm];
        string? asked = run.Arguments.GetValue(way);
        return [.. all.Where(one => asked == null || one.Name == asked).Select(one => Mark.Of(run, ml, name, splits, one))];
    }
}

// benchmark few-images --data data --only flowers --scale 0.1 (one core):
//
// flowers, Vit: accuracy 0.4500 on 40 images after 6.3 s (4 epochs) with 160
// ...
// ╭─────────┬─────────────────────┬──────────┬─────────┬─────────────────────────╮
// │ data    │ way                 │ accuracy │ seconds │ in that time            │
// ├─────────┼─────────────────────┼──────────┼─────────┼─────────────────────────┤
// │ flowers │ Vit                 │ 0.5600   │ 6.2     │ 4 epochs                │
// │ flowers │ LbfgsMaximumEntropy │ 0.4750   │ 1.4     │ up to 1202 steps        │
// │ flowers │ LightGbm            │ 0.4350   │ 1.4     │ up to 705 trees a class │
// ╰─────────┴─────────────────────┴──────────┴─────────┴─────────────────────────╯
// {"sample":"few-images","seconds":48.922,"rows":[{"data":"flowers","way":"Vit","accuracy":0.559...,"seconds":6.158,"extent":"4 epochs"},...]}   (with --json)
