namespace Microsoft.ML.Vit;

/// <summary>Mirrors an image left to right.</summary>
/// <param name="Probability">Share of images mirrored, 0 to 1. Default 0.5.</param>
public sealed record HorizontalFlip(double Probability = 0.5) : VitAugmentation
{
    internal override IEnumerable<string> Problems(PixelSize size)
    {
        if (!(Probability >= 0 && Probability <= 1))
        {
            yield return $"HorizontalFlip.Probability is {Probability}; expected 0 to 1.";
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        source.CopyTo(target);
        if (random.NextDouble() >= Probability)
        {
            return;
        }
        for (int start = 0; start < target.Length; start += size.Width)
        {
            target.Slice(start, size.Width).Reverse();
        }
    }
}
