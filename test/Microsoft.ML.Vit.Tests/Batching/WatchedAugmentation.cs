namespace Microsoft.ML.Vit.Tests.Batching;

/// <summary>Leaves images as they are, and lets a test see and do something at each.</summary>
internal sealed record WatchedAugmentation : VitAugmentation
{
    private int _calls;

    /// <summary>Images so far.</summary>
    public int Calls => _calls;

    /// <summary>Called with the number of images before.</summary>
    public Action<int> At { get; init; } = _ => { };

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        At(Interlocked.Increment(ref _calls) - 1);
        source.CopyTo(target);
    }

    internal override IEnumerable<string> Problems(PixelSize size) => [];
}
