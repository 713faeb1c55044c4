namespace Microsoft.ML.Vit.Tests;

/// <summary>Leaves images as they are, and cancels a token once it has seen a number of them, at once or wherever in a step the training is a little later.</summary>
internal sealed record CancellingAugmentation : VitAugmentation
{
    // Not properties, so that trainings with one or another of these are the same training.
    private readonly int _images;
    private readonly int _milliseconds;
    private readonly CancellationTokenSource? _source;
    private int _seen;

    public CancellingAugmentation()
    {
    }

    public CancellingAugmentation(CancellationTokenSource source, int images, int milliseconds) => (_source, _images, _milliseconds) = (source, images, milliseconds);

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        source.CopyTo(target);
        if (_source is not null && Interlocked.Increment(ref _seen) == _images)
        {
            if (_milliseconds == 0)
            {
                _source.Cancel();
            }
            else
            {
                _source.CancelAfter(_milliseconds);
            }
        }
    }

    internal override IEnumerable<string> Problems(PixelSize size) => [];
}
