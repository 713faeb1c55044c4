using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// What the head reads of every image, computed once, for a training of the head alone (a linear probe) on images as they are. As long as it is not disposed the network takes these in place of
/// images.
/// </summary>
internal sealed class HeadInputs : IDisposable
{
    private readonly VisionTransformer _network;

    private HeadInputs(VisionTransformer network, ImageSubset training, ImageSubset? validation, Device device)
    {
        (_network, Training, Validation) = (network, training, validation);
        Normalizer = new InputNormalizer(new Preprocessing { Size = 1, Channels = network.HeadInputSize, RescaleFactor = 1, Mean = [0], Std = [1] }, device);
        network.ReadsHeadInput = true;
    }

    /// <summary>Of the training images.</summary>
    public ImageSubset Training { get; }

    /// <summary>Of the validation images.</summary>
    public ImageSubset? Validation { get; }

    /// <summary>Leaves values as they are.</summary>
    public InputNormalizer Normalizer { get; }

    /// <summary>Computes them; null where they would differ from epoch to epoch, or where neither memory nor disk has room for them.</summary>
    public static HeadInputs? Of(
        VisionTransformer network, InputNormalizer normalizer, TrainingPlan plan, ImageSubset training, ImageSubset? validation, PixelStorage storage, Action<string> log, CancellationToken cancellationToken)
    {
        bool areConstant = plan.FreezesBackbone && plan.Augmentations.Count == 0 && plan.Mixing is null or { Probability: 0 };
        if (!areConstant || Compute(network, normalizer, plan, training, storage, cancellationToken) is not { } learned)
        {
            return null;
        }
        ImageSubset? held = validation is null ? null : Compute(network, normalizer, plan, validation, storage, cancellationToken);
        if (validation is not null && held is null)
        {
            return null;
        }
        log($"What the classifier reads of the {training.Count + (validation?.Count ?? 0)} images was computed once, {network.HeadInputSize} numbers an image.");
        return new HeadInputs(network, learned, held, normalizer.Device);
    }

    /// <summary>The network takes images again.</summary>
    public void Dispose()
    {
        _network.ReadsHeadInput = false;
        Normalizer.Dispose();
    }

    private static ImageSubset? Compute(
        VisionTransformer network, InputNormalizer normalizer, TrainingPlan plan, ImageSubset images, PixelStorage storage, CancellationToken cancellationToken)
    {
        network.eval();
        var shape = new ImageShape(network.HeadInputSize, 1, IsFloat: true);
        PixelCache cache = storage.NewCache(shape, images.Count);
        var labels = new List<int>(images.Count);
        using var inference = inference_mode();
        foreach (Batch made in images.InOrder(plan.ScoringBatchSize, cancellationToken))
        {
            using Batch batch = made;
            using var scope = NewDisposeScope();
            ReadOnlySpan<byte> values = MemoryMarshal.AsBytes<float>(network.HeadInputOf(normalizer.Apply(batch.Pixels)).cpu().contiguous().data<float>().ToArray());
            for (int i = 0; i < batch.Count; i++)
            {
                if (!cache.TryAdd(values.Slice(i * shape.Bytes, shape.Bytes)))
                {
                    return null;
                }
            }
            labels.AddRange(batch.Labels.data<long>().ToArray().Select(label => (int)label));
        }
        return ImageSubset.All(new LabeledImages(cache, labels));
    }
}
