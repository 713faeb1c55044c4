using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Cached images to tensors: raw pixels (B, C, H, W) and classes (B), augmented when training.</summary>
internal sealed class BatchMaker(LabeledImages source)
{
    /// <summary>The images as they are.</summary>
    public (torch.Tensor Pixels, torch.Tensor Labels) Make(ReadOnlySpan<int> indices)
    {
        torch.Tensor pixels = source.Images.Shape.NewBatch(indices.Length);
        int bytes = source.Images.Shape.Bytes;
        Span<byte> memory = pixels.bytes;
        for (int i = 0; i < indices.Length; i++)
        {
            source.Images[indices[i]].CopyTo(memory.Slice(i * bytes, bytes));
        }
        return (pixels, MakeLabels(indices));
    }

    /// <summary>The images, each changed by the augmentations in order.</summary>
    /// <param name="indices">Which images.</param>
    /// <param name="augmentations">None leaves them as they are.</param>
    /// <param name="random">The seeded generator.</param>
    public (torch.Tensor Pixels, torch.Tensor Labels) Make(ReadOnlySpan<int> indices, IReadOnlyList<VitAugmentation> augmentations, Random random)
    {
        (torch.Tensor pixels, torch.Tensor labels) = Make(indices);
        ImageShape shape = source.Images.Shape;
        if (shape.IsFloat)
        {
            Augment(MemoryMarshal.Cast<byte, float>(pixels.bytes), shape, augmentations, random);
        }
        else
        {
            Augment(pixels.bytes, shape, augmentations, random);
        }
        return (pixels, labels);
    }

    private static void Augment<T>(Span<T> batch, ImageShape shape, IReadOnlyList<VitAugmentation> augmentations, Random random)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        T[] scratch = new T[shape.Elements];
        for (int start = 0; start < batch.Length; start += shape.Elements)
        {
            Span<T> image = batch.Slice(start, shape.Elements);
            foreach (VitAugmentation augmentation in augmentations)
            {
                image.CopyTo(scratch);
                augmentation.Apply<T>(scratch, image, shape.Channels, shape.Size, random);
            }
        }
    }

    private torch.Tensor MakeLabels(ReadOnlySpan<int> indices)
    {
        long[] labels = new long[indices.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = source.Labels[indices[i]];
        }
        return torch.tensor(labels);
    }
}
