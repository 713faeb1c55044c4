using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>What a transformer with a network does for ML.NET, whether the network classifies or embeds: schemas, lazy rows, single rows.</summary>
/// <param name="host">Where messages go.</param>
/// <param name="model">The network.</param>
/// <param name="featureName">Name of the image column.</param>
/// <param name="added">The columns that its output becomes.</param>
/// <param name="batchSize">Images per forward pass.</param>
internal sealed class Scorer(IHost host, ScoringModel model, string featureName, AddedColumns added, int batchSize) : IDisposable
{
    /// <summary>The network.</summary>
    public ScoringModel Model => model;

    /// <summary>The rows' schema with the added columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureOf(inputSchema);
        return new ColumnBindings(inputSchema, added.For(inputSchema)).Schema;
    }

    /// <summary>The rows with the added columns; nothing is computed until they are read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringDataView(host, input, model, FeatureOf(input.Schema), added, batchSize);
    }

    /// <summary>Scores row by row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a type that holds no images.</exception>
    public IRowToRowMapper GetRowToRowMapper(ITransformer transformer, DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        IRowMapper MapperFor(DataViewSchema schema) => new ScoringRowMapper(transformer, model, FeatureOf(schema), added, schema);
        return new RowToRowMapperTransform(host, new EmptyDataView(host, inputSchema), MapperFor(inputSchema), MapperFor);
    }

    /// <summary>Frees the network once nobody scores with it any more.</summary>
    public void Dispose() => model.Dispose();

    private DataViewSchema.Column FeatureOf(DataViewSchema schema) => FeatureColumn.Find(host, schema, featureName, model.Preprocessing);
}
