using Microsoft.ML.Data;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Scores row by row, one forward pass each: what a PredictionEngine asks for.</summary>
/// <param name="transformer">Whom the mapper belongs to.</param>
/// <param name="model">The network.</param>
/// <param name="feature">The image column of the rows.</param>
/// <param name="outputs">The columns added.</param>
/// <param name="schema">The rows' schema.</param>
internal sealed class ScoringRowMapper(ITransformer transformer, ScoringModel model, DataViewSchema.Column feature, AddedColumns outputs, DataViewSchema schema) : IRowMapper
{
    /// <inheritdoc/>
    public DataViewSchema.DetachedColumn[] GetOutputColumns() => outputs.For(schema);

    /// <inheritdoc/>
    public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
    {
        bool active = Enumerable.Range(0, GetOutputColumns().Length).Any(activeOutput);
        HashSet<int> read = [feature.Index, .. ImageHandover.Sources(schema, feature).Select(column => column.Index)];
        return column => active && read.Contains(column);
    }

    /// <inheritdoc/>
    public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
    {
        var reader = new ImageColumnReader(feature, model.Preprocessing);
        disposer = () => { };
        var shape = ImageShape.Of(model.Preprocessing, reader.IsFloat);
        var batch = new ScoredBatch(model, reader.For(input), shape, size: 1, outputs.VectorLength);
        long scored = -1;

        ReadOnlySpan<float> Current()
        {
            // All columns of a row come from one pass.
            if (scored != input.Position)
            {
                scored = -1;
                batch.Clear();
                batch.Add();
                batch.Score();
                scored = input.Position;
            }
            return batch[0];
        }

        return [.. GetOutputColumns().Select((_, index) => activeOutput(index) ? outputs.GetterOf(index, Current) : null!)];
    }

    /// <inheritdoc/>
    public ITransformer GetTransformer() => transformer;

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx) => ((ICanSaveModel)transformer).Save(ctx);
}
