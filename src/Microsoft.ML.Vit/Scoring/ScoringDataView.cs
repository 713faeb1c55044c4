using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Rows with scores: nothing is computed until a cursor moves, and then a micro-batch at a time.</summary>
internal sealed class ScoringDataView : IDataView
{
    private readonly IHost _host;
    private readonly IDataView _source;
    private readonly ScoringModel _model;
    private readonly DataViewSchema.Column _feature;
    private readonly ColumnBindings _bindings;
    private readonly AddedColumns _outputs;
    private readonly int _batchSize;

    /// <summary>Adds scores to rows.</summary>
    /// <param name="host">Where messages go.</param>
    /// <param name="source">The rows.</param>
    /// <param name="model">The network.</param>
    /// <param name="feature">The image column of the rows.</param>
    /// <param name="outputs">The columns added.</param>
    /// <param name="batchSize">Images per forward pass.</param>
    public ScoringDataView(IHost host, IDataView source, ScoringModel model, DataViewSchema.Column feature, AddedColumns outputs, int batchSize)
    {
        _host = host;
        _source = source;
        _model = model;
        _feature = feature;
        _bindings = new ColumnBindings(source.Schema, outputs.For(source.Schema));
        _outputs = outputs;
        _batchSize = batchSize;
    }

    /// <inheritdoc/>
    public bool CanShuffle => false;

    /// <inheritdoc/>
    public DataViewSchema Schema => _bindings.Schema;

    /// <inheritdoc/>
    public long? GetRowCount() => _source.GetRowCount();

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        Func<int, bool> isNeeded = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema);
        bool[] active = [.. Enumerable.Range(0, Schema.Count).Select(isNeeded)];
        bool[] activeInput = _bindings.GetActiveInput(isNeeded);
        DataViewRowCursor passing = _source.GetRowCursor(_source.Schema.Where(column => activeInput[column.Index]));
        if (!_bindings.AddedColumnIndices.Any(isNeeded))
        {
            return new ScoringCursor(_host, _bindings, _outputs, active, passing, ahead: null);
        }
        // Read ahead by a cursor of its own, so that the other columns need not be kept for a batch of rows.
        DataViewRowCursor images = _source.GetRowCursor(new ImageColumnReader(_feature, _model.Preprocessing).ColumnsToRead(_source.Schema));
        int batchSize = (int)Math.Clamp(_source.GetRowCount() ?? _batchSize, 1, _batchSize);
        return new ScoringCursor(_host, _bindings, _outputs, active, passing, new LookAhead(images, _feature, _model, _outputs.VectorLength, batchSize));
    }

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
