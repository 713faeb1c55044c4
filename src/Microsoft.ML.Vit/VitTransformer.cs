using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Explaining;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Onnx;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Quantization;
using Microsoft.ML.Vit.Scoring;
using Microsoft.ML.Vit.Training;
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

    private readonly IHostEnvironment _environment;
    private readonly IHost _host;
    private readonly ClassifierDescription _description;
    private readonly LabelValues _labels;
    private readonly Scorer _scorer;

    /// <summary>Takes over the network, which lies on the device.</summary>
    internal VitTransformer(IHostEnvironment environment, ClassifierDescription description, VisionTransformer network, torch.Device device)
    {
        _environment = environment;
        _host = environment.Register(nameof(VitTransformer));
        _description = description;
        _labels = LabelValues.FromStored(description.LabelType, description.Labels);
        var columns = new ClassificationColumns(description.PredictedLabelColumn, description.ScoreColumn, _labels);
        var model = new ScoringModel(network, description.Preprocessing, device, embedding: null);
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

    /// <summary>What the blocks' matrices are kept and multiplied in: <see cref="VitPrecision.Float32"/> or <see cref="VitPrecision.BFloat16"/>.</summary>
    public VitPrecision Precision => _description.Precision;

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
    /// Writes the model as an ONNX file, which ONNX Runtime, ML.NET's <c>ApplyOnnxModel</c> and others score without this library: any number of images at once, in float32. The class names are in its
    /// metadata under <c>class_names</c>, as JSON. Weights above 2 GB go to a second file beside it, <paramref name="path"/> with <c>.data</c> appended; that of an older
    /// model of this path is deleted where there is no need of it.
    /// </summary>
    /// <param name="path">The file, in a folder that exists; it replaces an older one only once it is complete.</param>
    /// <param name="options">What is written; null for the defaults.</param>
    /// <exception cref="ArgumentException">The path is empty, or an option is out of its range.</exception>
    /// <exception cref="NotSupportedException">ONNX cannot express the preprocessing that the options ask for; the message names what it cannot.</exception>
    /// <exception cref="IOException">The file cannot be written, its folder being absent for example.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void SaveAsOnnx(string path, OnnxOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        _scorer.Model.Use(network => OnnxExport.Save(path, network, Preprocessing, ClassNames, options ?? new OnnxOptions()));
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
        return Explain(channels => MLImagePlanes.Of(image, channels), classIndex);
    }

    /// <summary>As the other, of an image file, read as for scoring: upright as EXIF says, over white where transparent.</summary>
    /// <param name="imagePath">A JPEG, PNG, GIF, BMP or WebP file.</param>
    /// <param name="classIndex">The class to explain, its place in <see cref="ClassNames"/>; null for the most probable one.</param>
    /// <exception cref="ArgumentException">There is no path.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NotSupportedException">The model reads images of neither one nor three channels.</exception>
    /// <exception cref="InvalidDataException">The file is no image that can be read; the message names it.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Explanation Explain(string imagePath, int? classIndex = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(imagePath);
        byte[] encoded = File.ReadAllBytes(imagePath);
        try
        {
            return Explain(channels => ImageDecoder.Decode(encoded, channels), classIndex);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{imagePath}: {e.Message}", e);
        }
    }

    /// <summary>
    /// The same model computing in another precision, as a transformer of its own that shares nothing with this one: dispose both. To <see cref="VitPrecision.BFloat16"/> the blocks' weights are rounded, which
    /// halves the memory, and scores differ by up to 0.02; it is saved and loaded so. What was rounded away does not come back with <see cref="VitPrecision.Float32"/>; a model in
    /// int8 is in floats then, with its rounded weights.
    /// </summary>
    /// <param name="precision">For <see cref="VitPrecision.Auto"/> the log says what was measured.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such precision.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public VitTransformer WithPrecision(VitPrecision precision)
    {
        if (!Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(nameof(precision), precision, $"Expected one of {string.Join(", ", Enum.GetNames<VitPrecision>())}.");
        }
        using IChannel channel = _host.Start("Choose precision");
        torch.Device device = _scorer.Model.Device;
        torch.ScalarType type = PrecisionChoice.Choose(precision, Model, device, channel.Info);
        VisionTransformer? copy = null;
        _scorer.Model.Use(network => copy = network.Copy(type));
        return new VitTransformer(_environment, _description with { Precision = PrecisionChoice.Of(type), Quantization = null }, copy!, device);
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _scorer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(GetVersionInfo());
        _scorer.Model.Use(network => ModelFile.Save(ctx, _description, network));
    }

    private Explanation Explain(Func<int, PlanarImage> decode, int? classIndex)
    {
        if (classIndex is { } index && (uint)index >= (uint)ClassNames.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(classIndex), index, $"The model has {ClassNames.Count} classes; expected 0 to {ClassNames.Count - 1}.");
        }
        Explanation? explanation = null;
        _scorer.Model.Compute(network => explanation = Explainer.Explain(network, _scorer.Model.Normalizer, Preprocessing, ClassNames, decode, classIndex));
        return explanation!;
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
