using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using SkiaSharp;

namespace Vit.Samples;

/// <summary>The command-line options of training, and the pipeline they ask for. What is not given is the library's default.</summary>
internal sealed class TrainingOptions
{
    private static readonly Dictionary<string, PropertyInfo> Variants = typeof(VitConfig).GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Where(property => property.PropertyType == typeof(VitConfig)).ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>By kebab-case names: ScratchSmall is scratch-small.</summary>
    private static readonly Dictionary<string, VitOptions> Recipes = typeof(VitRecipe).GetProperties(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(property => JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name), property => (VitOptions)property.GetValue(null)!);

    private readonly Option<string> data = new("--data") { Required = true, HelpName = "DIR", Description = "One sub-folder of images per class, or a .tar.gz of such (FILE.tar.gz/FOLDER for a folder inside)." };
    private readonly Option<string?> variant = new("--variant") { HelpName = "NAME", Description = $"The architecture: {string.Join(", ", Variants.Keys.Order())}. Default: by image size and time budget." };
    private readonly Option<string?> recipe = new("--recipe") { HelpName = "NAME", Description = $"The recipe to start from: {string.Join(", ", Recipes.Keys)}. Default: the library's defaults." };
    private readonly Option<string?> pretrained = new("--pretrained") { HelpName = "X", Description = "A checkpoint to start from: a folder, a .safetensors or .npz file, or owner/name on the Hugging Face Hub." };
    private readonly Option<string?> warmStart = new("--warm-start") { HelpName = "FILE", Description = "A model saved by train to start from, for the same, more, fewer or other classes." };
    private readonly Option<bool> probe = new("--probe") { Description = "Train only the classifier on --pretrained or --warm-start." };
    private readonly Option<int?> imageSize = new("--image-size") { HelpName = "N", Description = "Images are resized to N x N pixels. Default: their own size if all are the same small square, else 64." };
    private readonly Option<int?> epochs = new("--epochs") { HelpName = "N", Description = "Passes over the images." };
    private readonly Option<double?> minutes = new("--minutes") { HelpName = "X", Description = "Time budget, over which the learning-rate schedule is laid." };
    private readonly Option<int?> batch = new("--batch") { HelpName = "N", Description = "Images per step." };
    private readonly Option<double?> learningRate = new("--learning-rate") { HelpName = "X", Description = "Highest learning rate (Muon's; with --pretrained or --warm-start AdamW's)." };
    private readonly Option<double?> labelSmoothing = new("--label-smoothing") { HelpName = "X", Description = "Share of the target spread over all classes." };
    private readonly Option<string?> logDirectory = new("--log-directory") { HelpName = "DIR", Description = "Where TensorBoard's event files go, a new sub-folder a fit. Default: none are written." };
    private readonly Option<double?> pixelCache = new("--pixel-cache") { HelpName = "MB", Description = "Memory for pixels; those beyond it go to a temporary file. Default: a quarter of the machine's." };
    private readonly Option<int> seed = new("--seed") { HelpName = "N", Description = "Seed of everything random.", DefaultValueFactory = _ => 1 };
    private readonly Option<string> device = new("--device") { HelpName = "D", Description = "auto, cpu, cuda or cuda:N.", DefaultValueFactory = _ => "auto" };

    public TrainingOptions(Command command)
    {
        foreach (Option option in (Option[])[data, recipe, variant, pretrained, warmStart, probe, imageSize, epochs, minutes, batch, learningRate, labelSmoothing, logDirectory, pixelCache, seed, device])
        {
            command.Add(option);
        }
    }

    public int Seed(SampleRun run) => run.Arguments.GetValue(seed);

    /// <summary>Whether it is said when training ends.</summary>
    public bool HasEnd(SampleRun run) => run.Arguments.GetValue(epochs) != null || run.Arguments.GetValue(minutes) != null;

    /// <summary>The images that --data names, or a folder inside of that.</summary>
    public ImageFolder OpenData(SampleRun run, string inside = "") => ImageFolder.Open(Path.Combine(run.Arguments.GetRequiredValue(data), inside), run.Cancellation);

    /// <summary>The options for these images. The trainer reads the files itself (column ImagePath) and resizes them antialiased.</summary>
    public VitOptions For(SampleRun run, ImageFolder images)
    {
        ParseResult given = run.Arguments;
        VitCheckpoint? checkpoint = given.GetValue(pretrained) is { } start ? Download.Open(run, start) : null;
        string? former = given.GetValue(warmStart);
        bool isFineTuning = checkpoint != null || former != null;
        int? size = given.GetValue(imageSize) ?? (isFineTuning ? null : OwnSize(images));
        VitOptions defaults = Recipe(given.GetValue(recipe), isFineTuning);
        VitConfig? model = given.GetValue(variant) is not { } name ? defaults.Model is { } its && !isFineTuning ? its with { ImageSize = given.GetValue(imageSize) ?? its.ImageSize } : null
            : isFineTuning ? throw new ArgumentException("--variant goes with neither --pretrained nor --warm-start: they have their own architecture.")
            : Variants.TryGetValue(name, out PropertyInfo? property) ? (VitConfig)property.GetValue(null)! with { ImageSize = size ?? 64 }
            : throw new ArgumentException($"--variant {name} is not known; expected one of {string.Join(", ", Variants.Keys.Order())}.");
        return defaults with
        {
            FeatureColumnName = "ImagePath",
            Model = model,
            ImageSize = model == null && size is { } side ? new PixelSize(side, side) : null,
            Pretrained = checkpoint,
            WarmStart = former,
            FreezeBackbone = given.GetValue(probe) || defaults.FreezeBackbone,
            Epochs = given.GetValue(epochs) ?? defaults.Epochs,
            MaxTrainingTime = given.GetValue(minutes) is { } budget ? TimeSpan.FromMinutes(budget) : null,
            BatchSize = given.GetValue(batch) ?? defaults.BatchSize,
            Optimizer = given.GetValue(learningRate) is { } rate
                ? (defaults.Optimizer ?? (isFineTuning ? (VitOptimizer)new AdamWOptimizer() : new MuonOptimizer())) with { LearningRate = rate }
                : defaults.Optimizer,
            LabelSmoothing = given.GetValue(labelSmoothing) ?? defaults.LabelSmoothing,
            LogDirectory = given.GetValue(logDirectory),
            PixelCacheBytes = given.GetValue(pixelCache) is { } megabytes ? (long)(megabytes * (1 << 20)) : null,
            Seed = Seed(run),
            Device = given.GetValue(device)!,
            CancellationToken = run.Cancellation,
        };
    }

    private static VitOptions Recipe(string? name, bool isFineTuning)
    {
        if (name == null)
        {
            return new VitOptions();
        }
        if (!Recipes.TryGetValue(name, out VitOptions? whole))
        {
            throw new ArgumentException($"--recipe {name} is not known; expected one of {string.Join(", ", Recipes.Keys)}.");
        }
        return isFineTuning || (whole != VitRecipe.FineTune && whole != VitRecipe.Probe) ? whole : throw new ArgumentException($"--recipe {name} needs --pretrained or --warm-start.");
    }

    /// <summary>Shows what the trainer logs but for the epochs, which the table shows: what it goes on from or starts from, among others.</summary>
    public static void ShowLog(MLContext ml, SampleRun run)
    {
        ml.Log += (_, e) =>
        {
            if (e.Source.StartsWith("VitTrainer", StringComparison.Ordinal) && e.Kind >= ChannelMessageKind.Info && !e.RawMessage.StartsWith("Epoch ", StringComparison.Ordinal))
            {
                run.Console.Profile.Out.Writer.WriteLine(e.RawMessage);
            }
        };
    }

    public static IEstimator<ITransformer> Pipeline(MLContext ml, VitOptions options) => ml.Transforms.Conversion.MapValueToKey("Label")
        .Append(ml.MulticlassClassification.Trainers.Vit(options))
        .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    /// <summary>The side of the images where the first ones are all the same square of at most 64 pixels.</summary>
    private static int? OwnSize(ImageFolder images)
    {
        SKSizeI[] sizes = [.. images.Images.Take(32).Select(path => SKBitmap.DecodeBounds(path).Size).Distinct()];
        return sizes is [{ Width: > 0 and <= 64 } size] && size.Width == size.Height ? size.Width : null;
    }
}
