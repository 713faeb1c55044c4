using Microsoft.ML.Vit.Images;

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
        private readonly List<int> _indices = []; // of the images decoded last
        private RowImages? _images;
        private int _taken; // of these
        private int _next; // image

        private RowImages Images => _images ??= _cursor.Images(rows.Shape.KeptBytes);

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

        public void Dispose()
        {
            _images?.Dispose();
            _cursor.Dispose();
        }

        /// <summary>Gives the next image that is needed a place.</summary>
        private void DecodeNext()
        {
            if (_taken == _indices.Count)
            {
                TakeSome();
            }
            if (Images.Invalid(_taken) is { } invalid)
            {
                throw invalid;
            }
            int slot = _free.TryPop(out int free) ? free : _slotsUsed++;
            Images[_taken].CopyTo(pool[slot]);
            _slots.Add(_indices[_taken++], slot);
        }

        /// <summary>Decodes some of the next images that are needed.</summary>
        private void TakeSome()
        {
            Images.Clear();
            _indices.Clear();
            _taken = 0;
            for (; _next < usesLeft.Length && !Images.IsFull; _next++)
            {
                if (usesLeft[_next] == 0)
                {
                    continue;
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
                Images.Add();
                _indices.Add(_next);
            }
            Images.Decode();
        }

        private InvalidOperationException Changed(string what) =>
            new($"The {rows.Role} data gave {what} when it was read again; images that are decoded each epoch must come in the same rows each time (rows of ShuffleRows do with a seed).");
    }
}
