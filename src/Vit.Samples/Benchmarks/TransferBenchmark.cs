using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// Whether what was learned from many images helps with few others: cross-validation from a saved model, and from scratch by the defaults and by the saved model's network with the same options, so
/// that its weights alone differ; all in the same folds and minutes.
/// </summary>
internal sealed class TransferBenchmark : Command
{
    private readonly Option<string> data = new("--data") { Required = true, HelpName = "DIR", Description = "One sub-folder of images per class, or a .tar.gz of such: flowers.tar.gz." };
    private readonly Option<string> weights = new("--weights") { Required = true, HelpName = "FILE", Description = "The model to start from (.zip), of cifar10 --model." };
    private readonly Option<int> folds = new("--folds") { HelpName = "N", Description = "Parts, each tested on once.", DefaultValueFactory = _ => 5 };
    private readonly Option<double> minutes = new("--minutes") { HelpName = "X", Description = "Time budget of each fold: the shorter, the more it helps.", DefaultValueFactory = _ => 0.05 };
    private readonly Option<int?> imageSize = new("--image-size") { HelpName = "N", Description = "Pixels of a side that the saved model is fine-tuned at; its own without." };
    private readonly Option<double> learningRate = new("--learning-rate") { HelpName = "X", Description = "Highest learning rate of the fine-tuning, by Muon.", DefaultValueFactory = _ => 6e-3 };
    private readonly Option<int> frozenBlocks = new("--frozen-blocks") { HelpName = "N", Description = "The saved model's first blocks, which stay as they are.", DefaultValueFactory = _ => 2 };
    private readonly Option<int> seed = new("--seed") { HelpName = "N", Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };

    public TransferBenchmark() : base("transfer", "Few images from scratch and from a model of other images, in equal minutes.")
    {
        foreach (Option option in (Option[])[data, weights, folds, minutes, imageSize, learningRate, frozenBlocks, seed])
        {
            Add(option);
        }
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string start = run.Arguments.GetRequiredValue(weights);
        int random = run.Arguments.GetValue(seed);
        using ImageFolder images = ImageFolder.Open(run.Arguments.GetRequiredValue(data), run.Cancellation);
        IReadOnlyList<ImageSplit> splits = ImageSplit.Folds(images, run.Arguments.GetValue(folds), random);
        var ml = new MLContext(random);
        var scratch = new VitOptions { FeatureColumnName = "ImagePath", MaxTrainingTime = TimeSpan.FromMinutes(run.Arguments.GetValue(minutes)) };
        VitOptions tuned = scratch with
        {
            WarmStart = start,
            ImageSize = run.Arguments.GetValue(imageSize),
            Optimizer = new MuonOptimizer { LearningRate = run.Arguments.GetValue(learningRate) },
            FrozenBlocks = run.Arguments.GetValue(frozenBlocks),
        };
        VitConfig network = Architecture(ml, start);
        VitOptions untaught = tuned with { WarmStart = null, ImageSize = null, FrozenBlocks = 0, Model = network with { ImageSize = tuned.ImageSize ?? network.ImageSize } };
        string name = Path.GetFileName(images.Folder);
        // Does not count: the runtime compiles, at the expense of whoever comes first.
        Fitted warm = VitWay.Of(run, ml, "", null, scratch).Fit(ml.Data.LoadFromEnumerable(splits[0].Train));
        (warm.Model as IDisposable)?.Dispose();
        var marks = new List<Mark>();
        foreach ((string way, VitOptions options) in new[] { ("scratch", scratch), ("scratch, same network", untaught), ("fine-tuned", tuned) })
        {
            marks.Add(Mark.Of(run, ml, name, splits, VitWay.Of(run, ml, way, null, options)));
        }
        run.Finish("transfer", new JsonObject { ["rows"] = Mark.Report(run, marks) });
    }

    private static VitConfig Architecture(MLContext ml, string path)
    {
        ITransformer model = ModelFile.Load(ml, path);
        using var disposable = model as IDisposable;
        return ((IEnumerable<ITransformer>)model).OfType<VitTransformer>().Single().Model;
    }
}
