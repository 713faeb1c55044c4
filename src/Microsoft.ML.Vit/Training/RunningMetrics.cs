using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Loss and accuracy over many batches: sums and counts, divided once, so that a smaller last batch weighs no more than its images.
/// </summary>
internal sealed class RunningMetrics
{
    /// <summary>Sum of the images' losses.</summary>
    public double LossSum { get; private set; }

    /// <summary>Images classified right.</summary>
    public long Correct { get; private set; }

    /// <summary>Images so far.</summary>
    public long Count { get; private set; }

    /// <summary>Mean loss per image; NaN before the first.</summary>
    public double Loss => LossSum / Count;

    /// <summary>Share of images classified right, 0 to 1; NaN before the first.</summary>
    public double Accuracy => (double)Correct / Count;

    /// <summary>Adds a batch, reading its numbers from the device once.</summary>
    /// <param name="logits">(B, classes).</param>
    /// <param name="labels">(B), integers.</param>
    /// <param name="meanLoss">The batch's mean loss, a scalar.</param>
    /// <returns>The batch's mean loss, which the caller checks to be finite.</returns>
    public double Add(Tensor logits, Tensor labels, Tensor meanLoss)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor correct = logits.argmax(1).eq(labels).sum();
        double[] both = stack([meanLoss.to(ScalarType.Float64), correct.to(ScalarType.Float64)]).cpu().data<double>().ToArray();
        long count = labels.size(0);
        Add(both[0] * count, (long)both[1], count);
        return both[0];
    }

    /// <summary>Adds sums taken elsewhere.</summary>
    public void Add(double lossSum, long correct, long count)
    {
        LossSum += lossSum;
        Correct += correct;
        Count += count;
    }
}
