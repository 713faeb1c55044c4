using System.Numerics;

namespace Microsoft.ML.Vit;

/// <summary>
/// A random change of a training image, its label staying true. Each is a sealed record, applied in the order listed.
/// </summary>
public abstract record VitAugmentation
{
    private protected VitAugmentation()
    {
    }

    /// <summary>
    /// Reads one image and writes one of the same shape, planes of rows, channels first. The same state of the generator gives the same pixels.
    /// </summary>
    /// <typeparam name="T">Byte (0 to 255) or float.</typeparam>
    /// <param name="source">channels x height x width values.</param>
    /// <param name="target">As long as the source, apart from it.</param>
    /// <param name="channels">Planes.</param>
    /// <param name="size">Height and width of a plane.</param>
    /// <param name="random">The seeded generator.</param>
    internal abstract void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
        where T : unmanaged, INumber<T>;

    /// <summary>What is wrong with the parameters for images of this size, none when they are sound.</summary>
    internal abstract IEnumerable<string> Problems(PixelSize size);
}
