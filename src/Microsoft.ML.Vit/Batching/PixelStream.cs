namespace Microsoft.ML.Vit.Batching;

/// <summary>Images that are kept nowhere: each pass decodes those it needs again, in the order of the rows, and a pool holds those that wait for their turn.</summary>
/// <param name="rows">Where they come from.</param>
/// <param name="rowOf">The row of each image, ascending.</param>
/// <param name="labels">The class of each image, by which rows are known again.</param>
/// <param name="pool">Memory for those that wait, for one pass at a time.</param>
internal sealed class PixelStream(LabeledRows rows, IReadOnlyList<long> rowOf, IReadOnlyList<int> labels, PixelBlocks pool) : IPixelSource
{
    /// <inheritdoc/>
    public ImageShape Shape => rows.Shape;

    /// <inheritdoc/>
    public int? Window => pool.Capacity;

    /// <inheritdoc/>
    public IPixelPass Read(ReadOnlySpan<int> order)
    {
        int[] uses = new int[labels.Count];
        foreach (int index in order)
        {
            uses[index]++;
        }
        return new Pass(rows, rowOf, labels, pool, uses);
    }

    private sealed class Pass(LabeledRows rows, IReadOnlyList<long> rowOf, IReadOnlyList<int> labels, PixelBlocks pool, int[] usesLeft) : IPixelPass
    {
        private readonly LabeledRowCursor _cursor = rows.Open();
        private readonly Dictionary<int, int> _slots = []; // of the images that wait
        private readonly Stack<int> _free = [];
        private int _slotsUsed;
        private int _next; // image

        public ReadOnlySpan<byte> Read(int index, Span<byte> buffer)
        {
            int slot;
            while (!_slots.TryGetValue(index, out slot))
            {
                DecodeNext();
            }
            if (--usesLeft[index] == 0)
            {
                _slots.Remove(index);
                _free.Push(slot);
            }
            return pool[slot];
        }

        public void Dispose() => _cursor.Dispose();

        /// <summary>Decodes the next image that is needed.</summary>
        private void DecodeNext()
        {
            while (usesLeft[_next] == 0)
            {
                _next++;
            }
            while (_cursor.Row < rowOf[_next])
            {
                if (!_cursor.MoveNext())
                {
                    throw Changed("fewer rows");
                }
            }
            if (_cursor.Label != labels[_next])
            {
                throw Changed($"another label in row {_cursor.Row}");
            }
            int slot = _free.TryPop(out int free) ? free : _slotsUsed++;
            if (!_cursor.TryRead(pool[slot], out Exception? invalid))
            {
                throw invalid;
            }
            _slots.Add(_next++, slot);
        }

        private InvalidOperationException Changed(string what) =>
            new($"The {rows.Role} data gave {what} when it was read again; images that are decoded each epoch must come in the same rows each time (rows of ShuffleRows do with a seed).");
    }
}
