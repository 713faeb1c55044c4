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
        var metrics = new RunningMetrics();
        using var inference = inference_mode();
        foreach (Batch made in images.InOrder(batchSize, cancellationToken))
        {
            using Batch batch = made;
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor input = normalizer.Apply(batch.Pixels);
            Tensor labels = batch.Labels.to(input.device);
            Tensor logits = network.forward(input);
            metrics.Add(logits, labels, nn.functional.cross_entropy(logits, labels));
        }
        return metrics;
    }
}
