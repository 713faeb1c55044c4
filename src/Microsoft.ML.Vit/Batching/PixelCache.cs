namespace Microsoft.ML.Vit.Batching;

/// <summary>Decoded images of one shape, kept as they were read: the first ones in memory, the others in the storage's file.</summary>
/// <param name="shape">The shape of every image.</param>
/// <param name="memory">For as many as the budget allows.</param>
/// <param name="storage">Has the file.</param>
/// <param name="expected">How many images there will be at most; null where nobody knows.</param>
internal sealed class PixelCache(ImageShape shape, PixelBlocks memory, PixelStorage storage, long? expected) : IPixelSource
{
    private readonly List<long> _places = []; // in the file, of those beyond memory

    /// <inheritdoc/>
    public ImageShape Shape => shape;

    /// <inheritdoc/>
    public int? Window => null;

    /// <summary>The images' memory, for other use once the cache has failed.</summary>
    public PixelBlocks Memory => memory;

    /// <summary>Images held.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an image.</summary>
    /// <returns>False where neither memory nor disk has room for it: then the cache is of no use, and what it wrote is removed.</returns>
    public bool TryAdd(ReadOnlySpan<byte> image)
    {
        if (Count < memory.Capacity)
        {
            image.CopyTo(memory[Count]);
            storage.Take(shape.KeptBytes);
        }
        else if (storage.Append(image, Count, expected - Count) is { } place)
        {
            _places.Add(place);
        }
        else
        {
            if (_places.Count > 0)
            {
                storage.Truncate(_places[0]);
            }
            return false;
        }
        Count++;
        return true;
    }

    /// <inheritdoc/>
    public IPixelPass Read(ReadOnlySpan<int> order) => new Pass(this);

    private ReadOnlySpan<byte> Read(int index, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        if (index < memory.Capacity)
        {
            return memory[index];
        }
        storage.Read(_places[index - memory.Capacity], buffer[..shape.KeptBytes]);
        return buffer[..shape.KeptBytes];
    }

    private sealed class Pass(PixelCache cache) : IPixelPass
    {
        public ReadOnlySpan<byte> Read(int index, Span<byte> buffer) => cache.Read(index, buffer);

        public void Dispose()
        {
        }
    }
}
