using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Applies a list of augmentations in order, with buffers of its own for what lies between: one instance per worker.</summary>
/// <param name="augmentations">In order; none copies.</param>
/// <param name="channels">Planes of an image.</param>
/// <param name="size">Height and width of a plane.</param>
internal sealed class AugmentationPipeline(IReadOnlyList<VitAugmentation> augmentations, int channels, PixelSize size)
{
    private readonly byte[][] _between = [[], []];

    /// <summary>Reads one image and writes what the augmentations make of it.</summary>
    /// <typeparam name="T">Byte or float.</typeparam>
    /// <param name="source">channels x height x width values, left as they are.</param>
    /// <param name="target">As long as the source, apart from it.</param>
    /// <param name="random">The seeded generator.</param>
    public void Apply<T>(ReadOnlySpan<T> source, Span<T> target, Random random)
        where T : unmanaged, INumber<T>
    {
        if (augmentations.Count == 0)
        {
            source.CopyTo(target);
        }
        for (int i = 0; i < augmentations.Count; i++)
        {
            Span<T> to = i == augmentations.Count - 1 ? target : Between<T>(i % 2, source.Length);
            augmentations[i].Apply(source, to, channels, size, random);
            source = to;
        }
    }

    private Span<T> Between<T>(int index, int length)
        where T : unmanaged
    {
        int bytes = length * Unsafe.SizeOf<T>();
        if (_between[index].Length < bytes)
        {
            _between[index] = new byte[bytes];
        }
        return MemoryMarshal.Cast<byte, T>(_between[index].AsSpan(0, bytes));
    }
}
