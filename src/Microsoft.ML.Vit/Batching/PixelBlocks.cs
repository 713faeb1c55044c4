namespace Microsoft.ML.Vit.Batching;

/// <summary>Memory for images of one shape, taken a block at a time as it is filled.</summary>
/// <param name="shape">The shape of every image.</param>
/// <param name="capacity">Images at most.</param>
internal sealed class PixelBlocks(ImageShape shape, int capacity)
{
    private const int BlockBytes = 1 << 22;

    private readonly int _imagesPerBlock = Math.Max(1, BlockBytes / shape.KeptBytes);
    private readonly List<byte[]?> _blocks = [];

    /// <summary>Images at most.</summary>
    public int Capacity => capacity;

    /// <summary>The place of an image.</summary>
    /// <param name="index">Below the capacity.</param>
    public Span<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)capacity, nameof(index));
            (int block, int place) = Math.DivRem(index, _imagesPerBlock);
            while (_blocks.Count <= block)
            {
                _blocks.Add(null);
            }
            byte[] memory = _blocks[block] ??= GC.AllocateUninitializedArray<byte>(Math.Min(_imagesPerBlock, capacity - block * _imagesPerBlock) * shape.KeptBytes);
            return memory.AsSpan(place * shape.KeptBytes, shape.KeptBytes);
        }
    }
}
