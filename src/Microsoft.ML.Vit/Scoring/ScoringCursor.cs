using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Walks over rows in their order: other columns come from the source as they are, scores from the batch read ahead.</summary>
internal sealed class ScoringCursor : RootCursorBase
{
    private readonly ColumnBindings _bindings;
    private readonly bool[] _active;
    private readonly DataViewRowCursor _source;
    private readonly LookAhead? _ahead;
    private readonly AddedColumns _added;

    /// <summary>Takes over the cursors.</summary>
    /// <param name="provider">Where messages go.</param>
    /// <param name="bindings">Which columns are the source's.</param>
    /// <param name="added">The others.</param>
    /// <param name="active">Which columns are asked for.</param>
    /// <param name="source">The rows.</param>
    /// <param name="ahead">The scores; null when none of them is asked for.</param>
    public ScoringCursor(IChannelProvider provider, ColumnBindings bindings, AddedColumns added, bool[] active, DataViewRowCursor source, LookAhead? ahead)
        : base(provider)
    {
        _bindings = bindings;
        _added = added;
        _active = active;
        _source = source;
        _ahead = ahead;
    }

    /// <inheritdoc/>
    public override DataViewSchema Schema => _bindings.Schema;

    /// <inheritdoc/>
    public override long Batch => _source.Batch;

    /// <inheritdoc/>
    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    /// <inheritdoc/>
    public override ValueGetter<DataViewRowId> GetIdGetter() => _source.GetIdGetter();

    /// <inheritdoc/>
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Ch.CheckParam(IsColumnActive(column), nameof(column), "requested column is not active");
        int index = _bindings.MapColumnIndex(out bool isSource, column.Index);
        if (isSource)
        {
            return _source.GetGetter<TValue>(_source.Schema[index]);
        }
        Delegate getter = _added.GetterOf(index, Current);
        return getter as ValueGetter<TValue>
            ?? throw Ch.Except($"Invalid TValue in GetGetter for column '{column.Name}': '{typeof(TValue)}', expected '{column.Type.RawType}'.");
    }

    /// <inheritdoc/>
    protected override bool MoveNextCore()
    {
        if (!_source.MoveNext())
        {
            return false;
        }
        _ahead?.MoveNext();
        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ahead?.Dispose();
            _source.Dispose();
        }
        base.Dispose(disposing);
    }

    private ReadOnlySpan<float> Current()
    {
        Ch.Check(IsGood, "Cannot call a getter before the first row or after the last.");
        return _ahead!.Current;
    }
}
