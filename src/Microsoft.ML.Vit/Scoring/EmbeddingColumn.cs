using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>The one column that a featurizer adds: a vector of floats that any ML.NET trainer takes as features.</summary>
/// <param name="name">The column's name.</param>
/// <param name="length">Length of the embedding.</param>
internal sealed class EmbeddingColumn(string name, int length) : AddedColumns
{
    /// <inheritdoc/>
    public override int VectorLength => length;

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] For(DataViewSchema input) => [new(name, new VectorDataViewType(NumberDataViewType.Single, length))];

    /// <inheritdoc/>
    public override Delegate GetterOf(int index, CurrentVector current) =>
        (ValueGetter<VBuffer<float>>)((ref VBuffer<float> target) => Copy(current(), ref target));
}
