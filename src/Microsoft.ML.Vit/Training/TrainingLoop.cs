using System.Diagnostics;
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
/// <param name="store">Where the state is kept and an earlier run of the training is taken up from; null for nowhere.</param>
/// <param name="cancellationToken">Looked at within every step.</param>
internal sealed class TrainingLoop(
    VisionTransformer network, InputNormalizer normalizer, TrainingPlan plan, RandomStreams random, Action<EpochMetrics> report, ITrainingStore? store, CancellationToken cancellationToken)
{
    private readonly IReadOnlyList<(string Name, Parameter Value)> _parameters = [.. network.named_parameters().Where(p => p.parameter.requires_grad)];
    private readonly Stopwatch _optimizing = new(); // of this run

    /// <summary>
    /// Trains. The network ends with the averaged weights where they are averaged; with validation images, with those of the epoch that did best on them.
    /// </summary>
    /// <returns>Whether it was trained to the end, not cancelled as the plan allows.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the network is left as it was then.</exception>
    /// <exception cref="InvalidOperationException">The loss stopped being a number.</exception>
    public bool Run(ImageSubset training, ImageSubset? validation)
    {
        using var loss = new TrainingLoss(plan, normalizer.Device);
        using IOptimizer optimizer = plan.Optimizer.Build(_parameters);
        using var gradients = new ForwardBackward(network, _parameters, loss.Sum, normalizer.Device, cancellationToken, plan.GradientCheckpointing);
        using AveragedWeights? average = plan.WeightAverage is { } options ? new AveragedWeights(network, options) : null;
        using var best = new BestWeights(network);
        var batches = new TrainingBatches(new EpochOrder(training, plan.RepeatedAugmentations, plan.BalancedSampling), plan.BatchSize, plan.Augmentations, random, cancellationToken);
        var clock = new TrainingClock(plan.Epochs, plan.Budget, (batches.PerEpoch + plan.GradientAccumulation - 1) / plan.GradientAccumulation);
        using var state = new TrainingState(network, optimizer, average, best, clock);
        bool IsOver() => clock.IsOver || best.EpochsSince >= (plan.EarlyStoppingPatience ?? int.MaxValue);
        state.Resume(store);
        try
        {
            while (state.IsWithinEpoch || !IsOver())
            {
                TrainEpoch(state, batches, gradients, optimizer, average, clock);
                double seconds = state.EpochSeconds;
                RunningMetrics? validated = validation is null ? null : Validate(validation, average, best);
                EpochMetrics metrics = Metrics(state, clock, seconds, validated);
                // Before it is told: who is told may cancel by throwing, and a later run is not to do the epoch's end again.
                state.EpochDone();
                report(metrics);
                state.Keep(store, IsOver());
            }
        }
        catch (OperationCanceledException)
        {
            state.Rewind();
            Gradients.Clear(_parameters);
            state.Keep(store, isOver: false);
            if (!plan.CancelledReturnsBest || clock.Steps == 0)
            {
                throw;
            }
        }
        average?.Swap();
        best.Restore();
        return IsOver();
    }

    private void TrainEpoch(TrainingState state, TrainingBatches batches, ForwardBackward gradients, IOptimizer optimizer, AveragedWeights? average, TrainingClock clock)
    {
        if (clock.IsOver)
        {
            return; // an earlier run did the steps and did not come to the validation
        }
        network.train(!plan.FreezesBackbone);
        state.EpochBegins();
        foreach (Batch[] step in batches.Epoch(state.Epoch, state.Batch).Chunk(plan.GradientAccumulation))
        {
            using var scope = NewDisposeScope();
            RunningMetrics metrics = AddGradients(clock.Steps + 1, state.Epoch, step, gradients);
            if (plan.GradientClipNorm is { } norm)
            {
                Gradients.ClipNorm(_parameters, norm);
            }
            double factor = Schedule.Factor(clock.Position, plan.WarmupFraction, 1, plan.FinalLearningRateFraction, clock.StepLength);
            _optimizing.Start();
            optimizer.Step(factor);
            _optimizing.Stop();
            Gradients.Clear(_parameters);
            average?.Update();
            clock.Advance();
            state.StepDone(metrics, step.Length, factor, batches.Waited, _optimizing.Elapsed);
            if (clock.Steps % store?.Interval == 0)
            {
                state.Keep(store, isOver: false);
            }
            if (clock.IsOver)
            {
                break;
            }
        }
    }

    /// <summary>The gradients of the mean loss over all images of a step.</summary>
    private RunningMetrics AddGradients(long step, int epoch, Batch[] batches, ForwardBackward gradients)
    {
        var metrics = new RunningMetrics();
        int images = batches.Sum(batch => batch.Count);
        try
        {
            foreach (Batch batch in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                Tensor input = normalizer.Apply(batch.Pixels);
                Tensor labels = batch.Labels.to(input.device);
                (Tensor mixed, Tensor targets) = plan.Mixing is null
                    ? (input, labels)
                    : BatchMixer.Mix(plan.Mixing, input, labels, network.Config.Classes, random.Batch(epoch, batch.Index));
                (Tensor logits, Tensor loss) = gradients.Run(mixed, targets, random.Dropout(epoch, batch.Index), images);
                CheckFinite(metrics.Add(logits, labels, loss * ((double)images / batch.Count)), step, epoch, batch.Index + 1);
            }
        }
        finally
        {
            Array.ForEach(batches, batch => batch.Dispose());
        }
        return metrics;
    }

    private RunningMetrics Validate(ImageSubset validation, AveragedWeights? average, BestWeights best)
    {
        average?.Swap();
        try
        {
            RunningMetrics metrics = Evaluator.Evaluate(network, normalizer, validation, plan.ScoringBatchSize, cancellationToken);
            best.Offer(metrics);
            return metrics;
        }
        finally
        {
            average?.Swap();
        }
    }

    private EpochMetrics Metrics(TrainingState state, TrainingClock clock, double seconds, RunningMetrics? validated) => new()
    {
        Epoch = state.Epoch,
        Epochs = Math.Max(state.Epoch, clock.Epochs),
        TrainingLoss = state.Metrics.Loss,
        TrainingAccuracy = state.Metrics.Accuracy,
        ValidationLoss = validated?.Loss,
        ValidationAccuracy = validated?.Accuracy,
        LearningRate = plan.Optimizer.LearningRate * state.LearningRateFactor,
        ImagesPerSecond = state.Metrics.Count / seconds,
        InputWaitShare = Math.Min(1, state.InputSeconds / seconds),
        OptimizerShare = Math.Min(1, state.OptimizerSeconds / seconds),
        ElapsedSeconds = clock.Seconds,
        SecondsLeft = clock.SecondsLeft,
    };

    private void CheckFinite(double loss, long step, int epoch, int batch)
    {
        if (!double.IsFinite(loss))
        {
            throw new InvalidOperationException(
                $"The training loss became {loss} in step {step} (epoch {epoch}, batch {batch}). Try a lower learning rate (Optimizer.LearningRate is {plan.Optimizer.LearningRate}), "
                + "a longer warmup (WarmupFraction), or gradient clipping (GradientClipNorm).");
        }
    }
}
