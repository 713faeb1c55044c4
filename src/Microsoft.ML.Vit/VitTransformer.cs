using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Scoring;
using TorchSharp;

[assembly: LoadableClass(typeof(VitTransformer), null, typeof(SignatureLoadModel), "Vision Transformer", VitTransformer.LoaderSignature)]

namespace Microsoft.ML.Vit;

/// <summary>
/// A trained Vision Transformer: adds a key column of predicted labels and a vector of class probabilities to rows of images. Scoring is lazy, a micro-batch at
/// a time, and safe from many threads. Saved and loaded by <c>MLContext.Model</c>. Disposing frees native memory; it may be done twice, and scoring afterwards throws ObjectDisposedException.
/// </summary>
public sealed class VitTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "VitTransformer";

    private readonly IHost _host;
    private readonly ModelDescription _description;
    private readonly ScoringModel _model;
    private readonly ClassificationColumns _outputs;

    /// <summary>Takes over the network, which lies on the device.</summary>
    internal VitTransformer(IHostEnvironment environment, ModelDescription description, VisionTransformer network, torch.Device device)
    {
        _host = environment.Register(nameof(VitTransformer));
        _description = description;
        _model = new ScoringModel(network, description.Preprocessing, device);
        _outputs = new ClassificationColumns(description.PredictedLabelColumn, description.ScoreColumn, LabelValues.FromStored(description.LabelType, description.Labels));
    }

    /// <summary>The architecture.</summary>
    public VitConfig Model => _description.Model;

    /// <summary>How an image becomes the network's input.</summary>
    public Preprocessing Preprocessing => _description.Preprocessing;

    /// <summary>The classes' names, in the order of the scores.</summary>
    public IReadOnlyList<string> ClassNames => _outputs.Labels.Names;

    /// <summary>What each epoch of the training gave.</summary>
    public IReadOnlyList<EpochMetrics> History => _description.History;

    /// <summary>Where it computes: "cpu" or "cuda:N".</summary>
    public string Device => _model.Device.ToString();

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureOf(inputSchema);
        return new ColumnBindings(inputSchema, _outputs.For(inputSchema)).Schema;
    }

    /// <summary>Adds scores to rows; nothing is computed until they are read, and then in order, a micro-batch at a time.</summary>
    /// <param name="input">Rows with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringDataView(_host, input, _model, FeatureOf(input.Schema), _outputs, _description.ScoringBatchSize);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        IRowMapper MapperFor(DataViewSchema schema) => new ScoringRowMapper(this, _model, FeatureOf(schema), _outputs, schema);
        return new RowToRowMapperTransform(_host, new EmptyDataView(_host, inputSchema), MapperFor(inputSchema), MapperFor);
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(GetVersionInfo());
        _model.Use(network => ModelFile.Save(ctx, _description, network));
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
        (torch.Device device, string reason) = DeviceSelector.Select("auto", (env as IHostEnvironmentInternal)?.GpuDeviceId, (env as IHostEnvironmentInternal)?.FallbackToCpu ?? true);
        using IChannel channel = env.Start("Load Vision Transformer");
        channel.Info($"Scores on {device}: {reason}.");
        try
        {
            ctx.CheckAtModel(GetVersionInfo());
            (ModelDescription description, VisionTransformer network) = ModelFile.Load(ctx);
            network.to(device);
            return new VitTransformer(env, description, network, device);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException)
        {
            throw new ModelFormatException(e.Message, e);
        }
    }

    private DataViewSchema.Column FeatureOf(DataViewSchema schema)
    {
        DataViewSchema.Column feature = schema.GetColumnOrNull(_description.FeatureColumn)
            ?? throw _host.ExceptSchemaMismatch(nameof(schema), "feature", _description.FeatureColumn);
        FeatureColumn.Check(feature, _description.Preprocessing);
        return feature;
    }
}
