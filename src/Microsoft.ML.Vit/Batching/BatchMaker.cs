using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Augmentation;
using TorchSharp;

namespace Microsoft.ML.Vit.Batching;

/// <summary>Images to tensors: raw pixels (B, C, H, W) and classes (B), augmented for training. Not for several threads at once.</summary>
/// <param name="source">The images.</param>
/// <param name="augmentations">Applied in order; none leaves the images as they are.</param>
internal sealed class BatchMaker(LabeledImages source, IReadOnlyList<VitAugmentation> augmentations)
{
    private readonly AugmentationPipeline _pipeline = new(augmentations, source.Images.Shape.Channels, source.Images.Shape.Size, source.Images.Shape.CropSource);
    private readonly byte[] _image = new byte[source.Images.Shape.KeptBytes];

    /// <summary>The batch of these images; its tensors are in no dispose scope.</summary>
    /// <param name="pass">Where the pixels are read.</param>
    /// <param name="indices">Which images.</param>
    /// <param name="index">The batch's place in its epoch.</param>
    /// <param name="random">The seeded generator for the batch's i-th image.</param>
    /// <param name="cancellationToken">Looked at before each image.</param>
    public Batch Make(IPixelPass pass, ReadOnlySpan<int> indices, int index, Func<int, Random> random, CancellationToken cancellationToken)
    {
        ImageShape shape = source.Images.Shape;
        torch.Tensor pixels = shape.NewBatch(indices.Length).DetachFromDisposeScope();
        try
        {
            Span<byte> memory = pixels.bytes;
            long[] labels = new long[indices.Length];
            for (int i = 0; i < indices.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                labels[i] = source.Labels[indices[i]];
                Span<byte> target = memory.Slice(i * shape.Bytes, shape.Bytes);
                if (augmentations.Count == 0)
                {
                    ReadOnlySpan<byte> image = pass.Read(indices[i], shape.CropSource is null ? target : _image);
                    if (image != target)
                    {
                        image[..shape.Bytes].CopyTo(target);
                    }
                }
                else if (shape.IsFloat)
                {
                    Augment<float>(pass.Read(indices[i], _image), target, random(i));
                }
                else
                {
                    Augment<byte>(pass.Read(indices[i], _image), target, random(i));
                }
            }
            return new Batch(pixels, torch.tensor(labels).DetachFromDisposeScope(), index);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
    }

    private void Augment<T>(ReadOnlySpan<byte> image, Span<byte> target, Random random)
        where T : unmanaged, INumber<T> =>
        _pipeline.Apply(MemoryMarshal.Cast<byte, T>(image), MemoryMarshal.Cast<byte, T>(target), random);
}
