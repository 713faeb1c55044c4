using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Cross-entropy with label smoothing and class weights.</summary>
/// <param name="plan">Both.</param>
/// <param name="device">The network's.</param>
internal sealed class TrainingLoss(TrainingPlan plan, Device device) : IDisposable
{
    private readonly Tensor? _weights = plan.ClassWeights is { } weights ? tensor(weights, device: device).DetachFromDisposeScope() : null;

    /// <summary>The sum over the images.</summary>
    /// <param name="logits">(B, C).</param>
    /// <param name="targets">Classes (B), or soft targets (B, C).</param>
    public Tensor Sum(Tensor logits, Tensor targets) =>
        nn.functional.cross_entropy(logits, targets, _weights, reduction: nn.Reduction.Sum, label_smoothing: plan.LabelSmoothing);

    /// <summary>Frees the weights.</summary>
    public void Dispose() => _weights?.Dispose();
}
