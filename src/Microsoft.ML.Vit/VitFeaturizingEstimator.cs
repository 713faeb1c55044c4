using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Scoring;
using TorchSharp;

namespace Microsoft.ML.Vit;

/// <summary>Turns images into the vectors of a pretrained Vision Transformer. Made by <c>Transforms.VitFeaturizer()</c>; fitting loads the weights and learns nothing.</summary>
public sealed class VitFeaturizingEstimator : IEstimator<VitFeaturizingTransformer>
{
    private const int BatchSize = 16;

    private readonly IHostEnvironment _environment;
    private readonly IHost _host;
    private readonly VitCheckpoint _checkpoint;
    private readonly FeaturizerDescription _description;

    internal VitFeaturizingEstimator(IHostEnvironment environment, string outputColumnName, string inputColumnName, VitCheckpoint checkpoint, VitEmbedding embedding)
    {
        if (Embedding.Problem(embedding, checkpoint.Model) is { } problem)
        {
            throw new ArgumentOutOfRangeException(nameof(embedding), problem);
        }
        NativeLoader.EnsureLoaded();
        _environment = environment;
        _host = environment.Register(nameof(VitFeaturizingEstimator));
        _checkpoint = checkpoint;
        _description = new FeaturizerDescription
        {
            Model = checkpoint.Model with { ImageSize = checkpoint.Preprocessing.Size },
            Preprocessing = checkpoint.Preprocessing,
            FeatureColumn = inputColumnName,
            OutputColumn = outputColumnName,
            Embedding = embedding,
            ScoringBatchSize = BatchSize,
        };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        TrainingColumns.CheckFeatureShape(_host, inputSchema, _description.FeatureColumn);
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(column => column.Name);
        columns[_description.OutputColumn] = new(_description.OutputColumn, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false);
        return new SchemaShape(columns.Values);
    }

    /// <summary>Loads the weights.</summary>
    /// <param name="input">Rows with the image column.</param>
    /// <returns>The featurizer; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    /// <exception cref="FormatException">The weights are not those of the checkpoint's architecture.</exception>
    public VitFeaturizingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // A column that does not fit is found out before the weights are read.
        FeatureColumn.Find(_host, input.Schema, _description.FeatureColumn, _description.Preprocessing);
        using IChannel channel = _host.Start("Fit");
        (VisionTransformer network, torch.Device device) = PretrainedNetwork.Load(_environment, channel, _checkpoint);
        return new VitFeaturizingTransformer(_environment, _description, network, device);
    }
}
