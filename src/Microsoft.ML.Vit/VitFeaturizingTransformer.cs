using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Scoring;
using TorchSharp;

[assembly: LoadableClass(typeof(VitFeaturizingTransformer), null, typeof(SignatureLoadModel), "Vision Transformer Featurizer", VitFeaturizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Vit;

/// <summary>
/// Adds the vector of a pretrained Vision Transformer to rows of images, as features for any ML.NET trainer. Lazy, a micro-batch at a time, and safe from many threads. Saved and loaded
/// by <c>MLContext.Model</c>. Disposing frees native memory; it may be done twice.
/// </summary>
public sealed class VitFeaturizingTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "VitFeaturizer";

    private readonly FeaturizerDescription _description;
    private readonly Scorer _scorer;

    /// <summary>Takes over the network, which lies on the device.</summary>
    internal VitFeaturizingTransformer(IHostEnvironment environment, FeaturizerDescription description, VisionTransformer network, torch.Device device)
    {
        _description = description;
        VitEmbedding embedding = description.Embedding;
        var model = new ScoringModel(network, description.Preprocessing, device, embedding);
        var column = new EmbeddingColumn(description.OutputColumn, Embedding.Length(embedding, description.Model));
        _scorer = new Scorer(environment.Register(nameof(VitFeaturizingTransformer)), model, description.FeatureColumn, column, description.ScoringBatchSize);
    }

    /// <summary>The architecture.</summary>
    public VitConfig Model => _description.Model;

    /// <summary>How an image becomes the network's input.</summary>
    public Preprocessing Preprocessing => _description.Preprocessing;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _scorer.GetOutputSchema(inputSchema);

    /// <summary>Adds the vectors to rows; nothing is computed until they are read.</summary>
    /// <param name="input">Rows with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IDataView Transform(IDataView input) => _scorer.Transform(input);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => _scorer.GetRowToRowMapper(this, inputSchema);

    /// <summary>Frees the network.</summary>
    public void Dispose() => _scorer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(GetVersionInfo());
        _scorer.Model.Use(network => ModelFile.Save(ctx, _description, network));
    }

    private static VersionInfo GetVersionInfo() => new(
        modelSignature: "VIT FEAT",
        verWrittenCur: 0x00010001,
        verReadableCur: 0x00010001,
        verWeCanReadBack: 0x00010001,
        loaderSignature: LoaderSignature,
        loaderAssemblyName: typeof(VitFeaturizingTransformer).Assembly.FullName!);

    /// <summary>Called by ML.NET when it opens a model.</summary>
    private static VitFeaturizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        (FeaturizerDescription description, VisionTransformer network, torch.Device device) = ModelOpening.Open<FeaturizerDescription>(env, ctx, GetVersionInfo());
        return new VitFeaturizingTransformer(env, description, network, device);
    }
}
