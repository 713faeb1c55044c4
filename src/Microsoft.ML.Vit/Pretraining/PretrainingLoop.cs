using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Pretraining;

/// <summary>Pre-training: epochs of steps of a masked autoencoder, with the schedule of any training.</summary>
/// <param name="network">What learns, on its device; its classifier stays as it is.</param>
/// <param name="normalizer">Raw pixels to the network's input.</param>
/// <param name="options">Mask and decoder.</param>
/// <param name="plan">Epochs, budget, optimizer and the rest.</param>
/// <param name="random">Everything random, by the training's seed.</param>
/// <param name="log">Told of every epoch.</param>
/// <param name="cancellationToken">Looked at within every step.</param>
internal sealed class PretrainingLoop(
    VisionTransformer network, InputNormalizer normalizer, MaskedAutoencoderPretraining options, TrainingPlan plan, RandomStreams random, Action<string> log, CancellationToken cancellationToken)
{
    private readonly RandomStreams _steps = random.Pretraining(0);

    /// <summary>Pre-trains.</summary>
    /// <param name="sets">The images to learn from; a batch is of one set, and their labels are not looked at.</param>
    /// <returns>The mean loss of every epoch: of hidden pixels' squared error, in variances of their patches.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the network is left as it was then.</exception>
    /// <exception cref="InvalidOperationException">The loss stopped being a number.</exception>
    public IReadOnlyList<double> Run(IReadOnlyList<ImageSubset> sets)
    {
        using var autoencoder = new MaskedAutoencoder(network, options, normalizer.Device, _steps.Decoder(), cancellationToken);
        using IOptimizer optimizer = plan.Optimizer.Build(autoencoder.Parameters);
        TrainingBatches[] batches = [.. sets.Select((set, i) => new TrainingBatches(new EpochOrder(set), plan.BatchSize, plan.Augmentations, random.Pretraining(i + 1), cancellationToken))];
        var clock = new TrainingClock(plan.Epochs, plan.Budget, batches.Sum(set => set.PerEpoch));
        var losses = new List<double>();
        network.train();
        for (int epoch = 1; !clock.IsOver; epoch++)
        {
            double start = clock.Seconds;
            (double loss, long count) = RunEpoch(epoch, batches, autoencoder, optimizer, clock);
            losses.Add(loss);
            log($"Pre-training epoch {epoch} of {Math.Max(epoch, clock.Epochs)}: loss {loss:F4}; {count / (clock.Seconds - start):F0} images/s, {clock.SecondsLeft:F0} s left.");
        }
        return losses;
    }

    private (double Loss, long Count) RunEpoch(int epoch, TrainingBatches[] batches, MaskedAutoencoder autoencoder, IOptimizer optimizer, TrainingClock clock)
    {
        double sum = 0;
        long count = 0;
        foreach ((int index, Batch batch) in InTurn(epoch, batches).Index())
        {
            using Batch owned = batch;
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor input = normalizer.Apply(batch.Pixels);
            Tensor order = PatchOrder.Draw(batch.Count, network.Config.PatchTokens, _steps.Mask(epoch, index)).to(input.device);
            double loss = autoencoder.Run(input, order, _steps.Dropout(epoch, index)).item<float>();
            CheckFinite(loss, epoch, index + 1);
            if (plan.GradientClipNorm is { } norm)
            {
                Gradients.ClipNorm(autoencoder.Parameters, norm);
            }
            optimizer.Step(Schedule.Factor(clock.Position, plan.WarmupFraction, 1, plan.FinalLearningRateFraction, clock.StepLength));
            Gradients.Clear(autoencoder.Parameters);
            sum += loss * batch.Count;
            count += batch.Count;
            clock.Advance();
            if (clock.IsOver)
            {
                break;
            }
        }
        return (sum / count, count);
    }

    /// <summary>The batches of all sets, each set's spread evenly over the epoch.</summary>
    internal static IEnumerable<Batch> InTurn(int epoch, IReadOnlyList<TrainingBatches> sets)
    {
        IEnumerator<Batch>[] batches = [.. sets.Select(set => set.Epoch(epoch, first: 0).GetEnumerator())];
        try
        {
            int[] taken = new int[sets.Count];
            for (int left = sets.Sum(set => set.PerEpoch); left > 0; left--)
            {
                int next = Enumerable.Range(0, sets.Count).MinBy(i => (taken[i] + 0.5) / sets[i].PerEpoch);
                taken[next]++;
                batches[next].MoveNext();
                yield return batches[next].Current;
            }
        }
        finally
        {
            Array.ForEach(batches, set => set.Dispose());
        }
    }

    private void CheckFinite(double loss, int epoch, int step)
    {
        if (!double.IsFinite(loss))
        {
            throw new InvalidOperationException(
                $"The pre-training loss became {loss} in epoch {epoch}, step {step}. Try a lower learning rate ({nameof(VitOptions.Pretraining)}.Optimizer.LearningRate is {plan.Optimizer.LearningRate}), "
                + "a longer warmup (WarmupFraction), or gradient clipping (GradientClipNorm).");
        }
    }
}
