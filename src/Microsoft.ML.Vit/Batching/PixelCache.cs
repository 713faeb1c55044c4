namespace Microsoft.ML.Vit.Batching;

/// <summary>Decoded images of one shape, kept as they were read, in blocks of memory that grow one at a time.</summary>
internal sealed class PixelCache
{
    private const int BlockBytes = 1 << 26;

    private readonly List<byte[]> _blocks = [];
    private readonly int _imagesPerBlock;

    public PixelCache(ImageShape shape)
    {
        Shape = shape;
        _imagesPerBlock = Math.Max(1, BlockBytes / shape.Bytes);
    }

    /// <summary>The shape of every image.</summary>
    public ImageShape Shape { get; }

    /// <summary>Images held.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of an image.</summary>
    public Span<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return Place(index);
        }
    }

    /// <summary>Adds an image.</summary>
    public void Add(ReadOnlySpan<byte> image)
    {
        if (Count / _imagesPerBlock == _blocks.Count)
        {
            _blocks.Add(new byte[NextBlockImages() * Shape.Bytes]);
        }
        else if (Count % _imagesPerBlock * Shape.Bytes == _blocks[^1].Length)
        {
            // The first block starts small, for the many sets that are.
            byte[] larger = new byte[Math.Min(_imagesPerBlock * Shape.Bytes, _blocks[^1].Length * 2)];
            _blocks[^1].CopyTo(larger, 0);
            _blocks[^1] = larger;
        }
        image.CopyTo(Place(Count));
        Count++;
    }

    private int NextBlockImages() => _blocks.Count == 0 ? Math.Min(_imagesPerBlock, 16) : _imagesPerBlock;

    private Span<byte> Place(int index) => _blocks[index / _imagesPerBlock].AsSpan(index % _imagesPerBlock * Shape.Bytes, Shape.Bytes);
}
