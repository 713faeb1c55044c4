using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Explaining;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Quantization;
using Microsoft.ML.Vit.Scoring;
using TorchSharp;

[assembly: LoadableClass(typeof(VitTransformer), null, typeof(SignatureLoadModel), "Vision Transformer", VitTransformer.LoaderSignature)]

namespace Microsoft.ML.Vit;

/// <summary>
/// A trained Vision Transformer: adds a key column of predicted labels and a vector of class probabilities to rows of images. Scoring is lazy, a micro-batch at
/// a time, and safe from many threads. Saved and loaded by <c>MLContext.Model</c>. Disposing frees native memory; it may be done twice, and scoring afterwards throws ObjectDisposedException.
/// </summary>
public sealed partial class VitTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "VitTransformer";

    private readonly IHost _host;
    private readonly ClassifierDescription _description;
    private readonly LabelValues _labels;
    private readonly Scorer _scorer;

    /// <summary>Takes over the network, which lies on the device.</summary>
    internal VitTransformer(IHostEnvironment environment, ClassifierDescription description, VisionTransformer network, torch.Device device)
    {
        _host = environment.Register(nameof(VitTransformer));
        _description = description;
        _labels = LabelValues.FromStored(description.LabelType, description.Labels);
        var columns = new ClassificationColumns(description.PredictedLabelColumn, description.ScoreColumn, _labels);
        var model = new ScoringModel(network, description.Preprocessing, device, ScoringModel.Probabilities);
        _scorer = new Scorer(_host, model, description.FeatureColumn, columns, description.ScoringBatchSize);
    }

    /// <summary>The architecture.</summary>
    public VitConfig Model => _description.Model;

    /// <summary>How an image becomes the network's input.</summary>
    public Preprocessing Preprocessing => _description.Preprocessing;

    /// <summary>The classes' names, in the order of the scores.</summary>
    public IReadOnlyList<string> ClassNames => _labels.Names;

    /// <summary>What each epoch of the training gave; empty where nothing was trained.</summary>
    public IReadOnlyList<EpochMetrics> History => _description.History;

    /// <summary>Where it computes: "cpu" or "cuda:N".</summary>
    public string Device => _scorer.Model.Device.ToString();

    /// <summary>The image column that it reads.</summary>
    internal string FeatureColumnName => _description.FeatureColumn;

    /// <summary>The vector of probabilities that it adds.</summary>
    internal string ScoreColumnName => _description.ScoreColumn;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _scorer.GetOutputSchema(inputSchema);

    /// <summary>Adds scores to rows; nothing is computed until they are read, and then in order, a micro-batch at a time.</summary>
    /// <param name="input">Rows with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IDataView Transform(IDataView input) => _scorer.Transform(input);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => _scorer.GetRowToRowMapper(this, inputSchema);

    /// <summary>Writes the model as a checkpoint that timm, transformers or torchvision opens.</summary>
    /// <param name="folder">Where to; made where it does not exist. Each file replaces an older one only once it is complete.</param>
    /// <param name="layout">Whose form.</param>
    /// <exception cref="NotSupportedException">The layout cannot express the architecture, a convolutional stem for example; the message names all that it cannot.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void SavePretrained(string folder, CheckpointLayout layout)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        using IChannel channel = _host.Start("Save checkpoint");
        _scorer.Model.Use(network =>
        {
            foreach (string note in CheckpointWriter.Save(folder, layout, network, ClassNames, Preprocessing))
            {
                channel.Warning(note);
            }
        });
    }

    /// <summary>
    /// Which patches of an image a prediction rests on, for any architecture: gradient-weighted relevance for a class, and attention rollout. Costs a forward and a backward pass. Safe from many threads.
    /// </summary>
    /// <param name="image">The image, of any size, prepared as for scoring; it stays as it is.</param>
    /// <param name="classIndex">The class to explain, its place in <see cref="ClassNames"/>; null for the most probable one.</param>
    /// <exception cref="ArgumentNullException">There is no image.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <exception cref="NotSupportedException">The model reads images of neither one nor three channels.</exception>
    /// <exception cref="InvalidDataException">The image is not of four bytes a pixel.</exception>
    /// <exception cref="InvalidOperationException">The image was disposed.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Explanation Explain(MLImage image, int? classIndex = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (classIndex is { } index && (uint)index >= (uint)ClassNames.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(classIndex), index, $"The model has {ClassNames.Count} classes; expected 0 to {ClassNames.Count - 1}.");
        }
        Explanation? explanation = null;
        _scorer.Model.Use(network => explanation = Explainer.Explain(network, _scorer.Model.Normalizer, Preprocessing, ClassNames, image, classIndex));
        return explanation!;
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _scorer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(GetVersionInfo());
        _scorer.Model.Use(network => ModelFile.Save(ctx, _description, network));
    }

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "VIT TRFM",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(VitTransformer).Assembly.FullName!);

    /// <summary>Called by ML.NET when it opens a model.</summary>
    private static VitTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        (ClassifierDescription description, VisionTransformer network, torch.Device device) = ModelOpening.Open<ClassifierDescription>(env, ctx, GetVersionInfo());
        // Where its bytes cannot be multiplied it is a float32 model from now on.
        return new VitTransformer(env, QuantizedNetwork.QuantizationOf(network) is null ? description with { Quantization = null } : description, network, device);
    }
}
