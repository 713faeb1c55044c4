using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Batching;

/// <summary>Rows that are others each time they are read.</summary>
internal sealed class RereadRows(IDataView schema, Func<IDataView> rows) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema.Schema;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        IDataView fresh = rows();
        return fresh.GetRowCursor(columnsNeeded.Select(column => fresh.Schema[column.Name]), rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
