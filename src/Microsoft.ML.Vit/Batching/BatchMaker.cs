using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Augmentation;
using TorchSharp;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Cached images to tensors: raw pixels (B, C, H, W) and classes (B), augmented for training. Not for several threads at once.</summary>
/// <param name="source">The images.</param>
/// <param name="augmentations">Applied in order; none leaves the images as they are.</param>
internal sealed class BatchMaker(LabeledImages source, IReadOnlyList<VitAugmentation> augmentations)
{
    private readonly AugmentationPipeline _pipeline = new(augmentations, source.Images.Shape.Channels, source.Images.Shape.Size);

    /// <summary>The batch of these images; its tensors are in no dispose scope.</summary>
    /// <param name="indices">Which images.</param>
    /// <param name="index">The batch's place in its epoch.</param>
    /// <param name="random">The seeded generator for the batch's i-th image; null where nothing is augmented.</param>
    public Batch Make(ReadOnlySpan<int> indices, int index, Func<int, Random>? random)
    {
        ImageShape shape = source.Images.Shape;
        torch.Tensor pixels = shape.NewBatch(indices.Length);
        Span<byte> memory = pixels.bytes;
        long[] labels = new long[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            labels[i] = source.Labels[indices[i]];
            Span<byte> image = source.Images[indices[i]];
            Span<byte> target = memory.Slice(i * shape.Bytes, shape.Bytes);
            if (random is null)
            {
                image.CopyTo(target);
            }
            else if (shape.IsFloat)
            {
                Augment<float>(image, target, random(i));
            }
            else
            {
                Augment<byte>(image, target, random(i));
            }
        }
        return new Batch(pixels.DetachFromDisposeScope(), torch.tensor(labels).DetachFromDisposeScope(), index);
    }

    private void Augment<T>(Span<byte> image, Span<byte> target, Random random)
        where T : unmanaged, INumber<T> =>
        _pipeline.Apply<T>(MemoryMarshal.Cast<byte, T>(image), MemoryMarshal.Cast<byte, T>(target), random);
}
