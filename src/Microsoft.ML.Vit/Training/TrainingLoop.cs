using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>The training itself: epochs of steps, each a forward pass, a backward pass and an optimizer step.</summary>
/// <param name="network">What is trained, on its device.</param>
/// <param name="normalizer">Raw pixels to the network's input.</param>
/// <param name="plan">What to do.</param>
/// <param name="random">Everything random, by the training's seed.</param>
/// <param name="report">Told of every epoch.</param>
/// <param name="cancellationToken">Looked at within every step.</param>
internal sealed class TrainingLoop(
    VisionTransformer network, InputNormalizer normalizer, TrainingPlan plan, RandomStreams random, Action<EpochMetrics> report, CancellationToken cancellationToken)
{
    private readonly IReadOnlyList<(string Name, Parameter Value)> _parameters = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];

    /// <summary>Trains. With validation images the network ends with the weights of the epoch that did best on them.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the network is left as it was then.</exception>
    /// <exception cref="InvalidOperationException">The loss stopped being a number.</exception>
    public void Run(ImageSubset training, ImageSubset? validation)
    {
        using IOptimizer optimizer = plan.Optimizer.Build(_parameters);
        using var gradients = new ForwardBackward(network, _parameters, LossSum, normalizer.Device, cancellationToken);
        using var best = new BestWeights(network);
        var batches = new TrainingBatches(training, plan.BatchSize, plan.Augmentations, random);
        var clock = new TrainingClock(plan.Epochs, plan.Budget, batches.PerEpoch);
        for (int epoch = 1; !clock.IsOver && best.EpochsSince < (plan.EarlyStoppingPatience ?? int.MaxValue); epoch++)
        {
            double start = clock.Seconds;
            RunningMetrics metrics = TrainEpoch(epoch, batches, gradients, optimizer, clock, out double factor);
            double seconds = clock.Seconds - start;
            RunningMetrics? validated = null;
            if (validation is not null)
            {
                validated = Evaluator.Evaluate(network, normalizer, validation, plan.ScoringBatchSize, cancellationToken);
                best.Offer(validated);
            }
            report(new EpochMetrics
            {
                Epoch = epoch,
                Epochs = Math.Max(epoch, clock.Epochs),
                TrainingLoss = metrics.Loss,
                TrainingAccuracy = metrics.Accuracy,
                ValidationLoss = validated?.Loss,
                ValidationAccuracy = validated?.Accuracy,
                LearningRate = plan.Optimizer.LearningRate * factor,
                ImagesPerSecond = metrics.Count / seconds,
                SecondsLeft = clock.SecondsLeft,
            });
        }
        best.Restore();
    }

    private RunningMetrics TrainEpoch(int epoch, TrainingBatches batches, ForwardBackward gradients, IOptimizer optimizer, TrainingClock clock, out double factor)
    {
        network.train(!plan.FreezesBackbone);
        var metrics = new RunningMetrics();
        factor = 0;
        foreach (Batch batch in batches.Epoch(epoch, first: 0))
        {
            using Batch owned = batch;
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor input = normalizer.Apply(batch.Pixels);
            Tensor labels = batch.Labels.to(input.device);
            (Tensor logits, Tensor loss) = gradients.Run(input, labels, random.Dropout(epoch, batch.Index));
            CheckFinite(metrics.Add(logits, labels, loss), epoch, batch.Index + 1);
            if (plan.GradientClipNorm is { } norm)
            {
                Gradients.ClipNorm(_parameters, norm);
            }
            factor = Schedule.Factor(clock.Position, plan.WarmupFraction, 1, plan.FinalLearningRateFraction, clock.StepLength);
            optimizer.Step(factor);
            Gradients.Clear(_parameters);
            clock.Advance();
            if (clock.IsOver)
            {
                break;
            }
        }
        return metrics;
    }

    private Tensor LossSum(Tensor logits, Tensor targets) =>
        nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum, label_smoothing: plan.LabelSmoothing);

    private void CheckFinite(double loss, int epoch, int step)
    {
        if (!double.IsFinite(loss))
        {
            throw new InvalidOperationException(
                $"The training loss became {loss} in epoch {epoch}, step {step}. Try a lower learning rate (Optimizer.LearningRate is {plan.Optimizer.LearningRate}), "
                + "a longer warmup (WarmupFraction), or gradient clipping (GradientClipNorm).");
        }
    }
}
