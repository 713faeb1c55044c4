using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Loss and accuracy of a network over a whole set of images, without augmentation and smoothing.</summary>
internal static class Evaluator
{
    /// <summary>Evaluates; the network is left in evaluation mode.</summary>
    public static RunningMetrics Evaluate(VisionTransformer network, InputNormalizer normalizer, ImageSubset images, int batchSize, CancellationToken cancellationToken)
    {
        network.eval();
        var maker = new BatchMaker(images.Source, []);
        var metrics = new RunningMetrics();
        using var inference = inference_mode();
        foreach (ArraySegment<int> batch in EpochOrder.Divide(images.Indices, batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (Tensor pixels, Tensor labels) = maker.Make(batch, random: null);
            Tensor input = normalizer.Apply(pixels);
            labels = labels.to(input.device);
            Tensor logits = network.forward(input);
            metrics.Add(logits, labels, nn.functional.cross_entropy(logits, labels));
        }
        return metrics;
    }
}
