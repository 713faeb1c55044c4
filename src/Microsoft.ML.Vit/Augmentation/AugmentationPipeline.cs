using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Applies a list of augmentations in order, with buffers of its own for what lies between: one instance per worker.</summary>
/// <param name="augmentations">In order; none copies.</param>
/// <param name="channels">Planes of an image.</param>
/// <param name="size">Height and width of a plane.</param>
/// <param name="cropSource">Height and width of the larger copy behind each image, which a <see cref="RandomResizedCrop"/> that comes first is cut out of; null for none.</param>
internal sealed class AugmentationPipeline(IReadOnlyList<VitAugmentation> augmentations, int channels, PixelSize size, PixelSize? cropSource = null)
{
    private readonly byte[][] _between = [[], []];
    private readonly PixelResizer _resizer = new(Interpolation.Bilinear);
    private readonly RandomResizedCrop? _cut = cropSource is null ? null : augmentations.FirstOrDefault() as RandomResizedCrop;

    /// <summary>Reads one image and writes what the augmentations make of it.</summary>
    /// <typeparam name="T">Byte or float; byte where there is a crop source.</typeparam>
    /// <param name="source">channels x height x width values, then where there is a crop source those of its size; left as they are.</param>
    /// <param name="target">channels x height x width values, apart from the source.</param>
    /// <param name="random">The seeded generator.</param>
    public void Apply<T>(ReadOnlySpan<T> source, Span<T> target, Random random)
        where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> larger = source[target.Length..];
        source = source[..target.Length];
        if (augmentations.Count == 0)
        {
            source.CopyTo(target);
        }
        for (int i = 0; i < augmentations.Count; i++)
        {
            Span<T> to = i == augmentations.Count - 1 ? target : Between<T>(i % 2, target.Length);
            if (i == 0 && _cut is not null)
            {
                Cut(MemoryMarshal.AsBytes(larger), MemoryMarshal.AsBytes(to), random);
            }
            else
            {
                augmentations[i].Apply(source, to, channels, size, random);
            }
            source = to;
        }
    }

    /// <summary>The crop, of as many pixels as the larger copy has of it, brought to the image's size.</summary>
    private void Cut(ReadOnlySpan<byte> larger, Span<byte> target, Random random)
    {
        PixelSize from = cropSource!.Value;
        PixelWindow window = _cut!.Draw(from, random);
        Span<byte> crop = Between<byte>(1, channels * window.Size.Height * window.Size.Width);
        _resizer.Resize(larger, from, crop, from, window, channels);
        _resizer.Resize(crop, window.Size, target, size, channels);
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
