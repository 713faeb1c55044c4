using Microsoft.ML.Data;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using TorchSharp;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Quantization;

/// <summary>A small classifier of drawn shapes, trained for some seconds, with images that it has not seen.</summary>
internal sealed class QuantizedModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public QuantizedModel()
    {
        Ml = new MLContext(seed: 1);
        new ShapeImages(side: 32, seed: 1).Write(_folder["train"], perClass: 60);
        new ShapeImages(side: 32, seed: 2).Write(_folder["held"], perClass: 30);
        Train = Ml.Data.LoadImagesFromFolder(_folder["train"]);
        Held = Ml.Data.LoadImagesFromFolder(_folder["held"]);
        var key = Ml.Transforms.Conversion.MapValueToKey("Label").Fit(Train);
        var options = new VitOptions
        {
            Model = new VitConfig { ImageSize = 32, PatchSize = 8, Width = 192, Depth = 4, Heads = 3, HasClassToken = false, Pooling = VitPooling.Mean },
            FeatureColumnName = "ImagePath",
            Epochs = 12,
            BatchSize = 32,
            Seed = 1,
            Device = "cpu",
        };
        Trained = Ml.MulticlassClassification.Trainers.Vit(options).Fit(key.Transform(Train));
        Chain = [key, Trained, Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(Trained.Transform(key.Transform(Held)))];
        Held = key.Transform(Held);
    }

    public MLContext Ml { get; }

    /// <summary>The images it was trained on, as files.</summary>
    public IDataView Train { get; }

    /// <summary>Images it has not seen, the label a key.</summary>
    public IDataView Held { get; }

    public VitTransformer Trained { get; }

    /// <summary>The transformer between those that make keys of labels and back.</summary>
    public ITransformer[] Chain { get; }

    /// <summary>Folders of the images.</summary>
    public string HeldFolder => _folder["held"];

    public string File(string name) => _folder[name];

    /// <summary>The chain's transformer replaced.</summary>
    public TransformerChain<ITransformer> ChainWith(VitTransformer other) => new(Chain[0], other, Chain[2]);

    /// <summary>A classifier of so many classes that nothing was learned by, so that its predictions are near ties.</summary>
    public static VitTransformer Undecided(MLContext ml, int classes)
    {
        var config = new VitConfig { ImageSize = 16, PatchSize = 4, Width = 16, Depth = 2, Heads = 2, Classes = classes };
        using var generator = new torch.Generator(1);
        var description = new ClassifierDescription
        {
            Model = config,
            Preprocessing = new Preprocessing { Size = config.ImageSize },
            FeatureColumn = "Features",
            ScoringBatchSize = 16,
            PredictedLabelColumn = "PredictedLabel",
            ScoreColumn = "Score",
            LabelType = null,
            Labels = [.. Enumerable.Range(1, classes).Select(number => $"{number}")],
            History = [],
        };
        return new VitTransformer(ml, description, new VisionTransformer(config, generator), torch.CPU);
    }

    public void Dispose()
    {
        Trained.Dispose();
        _folder.Dispose();
    }
}
