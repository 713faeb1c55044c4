using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>The training itself: epochs of steps, each a forward and a backward pass for one batch or several, and an optimizer step.</summary>
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

    /// <summary>
    /// Trains. The network ends with the averaged weights where they are averaged; with validation images, with those of the epoch that did best on them.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; the network is left as it was then.</exception>
    /// <exception cref="InvalidOperationException">The loss stopped being a number.</exception>
    public void Run(ImageSubset training, ImageSubset? validation)
    {
        using var loss = new TrainingLoss(plan, normalizer.Device);
        using IOptimizer optimizer = plan.Optimizer.Build(_parameters);
        using var gradients = new ForwardBackward(network, _parameters, loss.Sum, normalizer.Device, cancellationToken);
        using AveragedWeights? average = plan.WeightAverage is { } options ? new AveragedWeights(network, options) : null;
        using var best = new BestWeights(network);
        var batches = new TrainingBatches(training, plan.BatchSize, plan.Augmentations, random);
        var clock = new TrainingClock(plan.Epochs, plan.Budget, (batches.PerEpoch + plan.GradientAccumulation - 1) / plan.GradientAccumulation);
        for (int epoch = 1; !clock.IsOver && best.EpochsSince < (plan.EarlyStoppingPatience ?? int.MaxValue); epoch++)
        {
            double start = clock.Seconds;
            RunningMetrics metrics = TrainEpoch(epoch, batches, gradients, optimizer, average, clock, out double factor);
            double seconds = clock.Seconds - start;
            RunningMetrics? validated = validation is null ? null : Validate(validation, average, best);
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
        average?.Swap();
        best.Restore();
    }

    private RunningMetrics TrainEpoch(
        int epoch, TrainingBatches batches, ForwardBackward gradients, IOptimizer optimizer, AveragedWeights? average, TrainingClock clock, out double factor)
    {
        network.train(!plan.FreezesBackbone);
        var metrics = new RunningMetrics();
        factor = 0;
        foreach (Batch[] step in batches.Epoch(epoch, first: 0).Chunk(plan.GradientAccumulation))
        {
            using var scope = NewDisposeScope();
            AddGradients(epoch, step, gradients, metrics);
            if (plan.GradientClipNorm is { } norm)
            {
                Gradients.ClipNorm(_parameters, norm);
            }
            factor = Schedule.Factor(clock.Position, plan.WarmupFraction, 1, plan.FinalLearningRateFraction, clock.StepLength);
            optimizer.Step(factor);
            Gradients.Clear(_parameters);
            average?.Update();
            clock.Advance();
            if (clock.IsOver)
            {
                break;
            }
        }
        return metrics;
    }

    /// <summary>The gradients of the mean loss over all images of a step.</summary>
    private void AddGradients(int epoch, Batch[] step, ForwardBackward gradients, RunningMetrics metrics)
    {
        int images = step.Sum(batch => batch.Count);
        try
        {
            foreach (Batch batch in step)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                Tensor input = normalizer.Apply(batch.Pixels);
                Tensor labels = batch.Labels.to(input.device);
                (Tensor mixed, Tensor targets) = plan.Mixing is null
                    ? (input, labels)
                    : BatchMixer.Mix(plan.Mixing, input, labels, network.Config.Classes, random.Batch(epoch, batch.Index));
                (Tensor logits, Tensor loss) = gradients.Run(mixed, targets, random.Dropout(epoch, batch.Index), images);
                CheckFinite(metrics.Add(logits, labels, loss * ((double)images / batch.Count)), epoch, batch.Index + 1);
            }
        }
        finally
        {
            Array.ForEach(step, batch => batch.Dispose());
        }
    }

    private RunningMetrics Validate(ImageSubset validation, AveragedWeights? average, BestWeights best)
    {
        average?.Swap();
        RunningMetrics metrics = Evaluator.Evaluate(network, normalizer, validation, plan.ScoringBatchSize, cancellationToken);
        best.Offer(metrics);
        average?.Swap();
        return metrics;
    }

    private void CheckFinite(double loss, int epoch, int batch)
    {
        if (!double.IsFinite(loss))
        {
            throw new InvalidOperationException(
                $"The training loss became {loss} in epoch {epoch}, batch {batch}. Try a lower learning rate (Optimizer.LearningRate is {plan.Optimizer.LearningRate}), "
                + "a longer warmup (WarmupFraction), or gradient clipping (GradientClipNorm).");
        }
    }
}
