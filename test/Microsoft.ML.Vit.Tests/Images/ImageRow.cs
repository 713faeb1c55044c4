using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Images;

/// <summary>A user's row as a prediction engine holds it: every column is active, and the getters give the object's own values.</summary>
internal sealed class ImageRow<T>(string name, DataViewType type) : DataViewRow
{
    public T? Value { get; set; }

    /// <summary>What the getter throws instead.</summary>
    public Exception? Failure { get; set; }

    public override DataViewSchema Schema { get; } = MakeSchema(name, type);

    public override long Position => 0;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => (ref TValue value) => value = Failure is null ? (TValue)(object)Value! : throw Failure;

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = default;

    private static DataViewSchema MakeSchema(string name, DataViewType type)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(name, type);
        return builder.ToSchema();
    }
}
