using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// The forward and backward pass of a training step. On the CPU a batch is divided: each core takes its share through the whole network by itself, a few images at a time,
/// and the gradients are added up; the sums are those of the undivided batch but for rounding. A convolutional stem normalises over the whole batch, so it goes before, undivided. Plain blocks in float32
/// are computed by <see cref="CorePass"/> where the processor has 512-bit vectors, by libtorch's operations elsewhere.
/// Measured on two cores without AMX against the undivided batch: 1.2 times the images a second at 32 px, 1.13 for Ti/16, 1.19 for S/16, 1.05 for B/16.
/// </summary>
internal sealed class ForwardBackward : IDisposable
{
    private readonly VisionTransformer _network;
    private readonly Func<Tensor, Tensor, Tensor>? _lossSum;
    private readonly CancellationToken _cancellationToken;
    private readonly CoreThreads? _threads; // null on a GPU, which has the batch at once
    private readonly int _microBatch;
    private readonly Generator[] _generators;
    private readonly bool _stemGoesBefore;
    private readonly Tensor[] _divided; // parameters whose gradients the threads compute
    private readonly BlockRecomputation? _recomputation;
    private readonly CorePass[]? _corePasses; // one a thread

    /// <param name="network">In training mode, on its device.</param>
    /// <param name="parameters">Those to train, by name.</param>
    /// <param name="lossSum">The sum of the losses of logits (B, C) and labels (B) or soft targets (B, C); null where each run brings its own.</param>
    /// <param name="device">The network's.</param>
    /// <param name="cancellationToken">Looked at before each part.</param>
    /// <param name="recompute">Whether backward computes each block anew in place of keeping its activations.</param>
    /// <param name="microBatch">Images of a part at most; null chooses.</param>
    public ForwardBackward(
        VisionTransformer network, IReadOnlyList<(string Name, Parameter Value)> parameters, Func<Tensor, Tensor, Tensor>? lossSum, Device device, CancellationToken cancellationToken,
        bool recompute = false, int? microBatch = null)
    {
        _network = network;
        _lossSum = lossSum;
        _cancellationToken = cancellationToken;
        _threads = device.type == DeviceType.CPU ? new CoreThreads(get_num_threads()) : null;
        _microBatch = microBatch ?? (_threads is null || network.ReadsHeadInput ? int.MaxValue : MicroBatches.Size(network.Config));
        _generators = [.. Enumerable.Range(0, _threads?.Count ?? 1).Select(_ => new Generator())];
        _stemGoesBefore = network.Config.Stem == VitStem.Convolutions && !network.ReadsHeadInput;
        (string Name, Parameter Value)[] divided = [.. parameters.Where(p => !_stemGoesBefore || !IsOfStem(p.Name))];
        _divided = [.. divided.Select(p => p.Value)];
        _recomputation = recompute && !network.ReadsHeadInput ? new BlockRecomputation(network, divided, _stemGoesBefore) : null;
        StemLearnsBefore = _stemGoesBefore && parameters.Any(p => IsOfStem(p.Name));
        bool byCores = _threads is not null && _recomputation is null && !network.ReadsHeadInput && LearningBlocks.CanTrain(network);
        _corePasses = byCores ? [.. _generators.Select(_ => new CorePass(network, divided, _stemGoesBefore, StemLearnsBefore))] : null;
    }

    private delegate (Tensor Outputs, Tensor Loss, IList<Tensor> Gradients) PartPass(Tensor input, int start, int thread, IReadOnlyList<Tensor> sums);

    private bool StemLearnsBefore { get; }

    /// <summary>Adds the gradients of the mean loss to those that the parameters have.</summary>
    /// <param name="input">Normalised images (B, C, H, W).</param>
    /// <param name="targets">Labels (B) or soft targets (B, C).</param>
    /// <param name="seed">Decides what dropout drops.</param>
    /// <param name="images">Images of the whole step, over which the mean goes, where it has further batches; null for B.</param>
    /// <returns>The logits (B, C) and this batch's share of the mean loss, without gradients; they belong to the caller's dispose scope.</returns>
    public (Tensor Logits, Tensor Loss) Run(Tensor input, Tensor targets, long seed, long? images = null)
    {
        (Tensor, Tensor, IList<Tensor>) Pass(Tensor x, int start, int thread, IReadOnlyList<Tensor> sums)
        {
            Tensor LossOf(Tensor logits) => _lossSum!(logits, targets.narrow(0, start, x.size(0))) / (images ?? input.size(0));
            return _corePasses?[thread].Run(x, LossOf, sums) ?? _recomputation?.Run(x, LossOf, _generators[thread]) ?? ForwardThenBackward(x, LossOf);
        }
        return RunParts(input, Pass, seed);
    }

    /// <summary>The same for another use of the network, which keeps all activations: adds the gradients of the mean of the losses that <paramref name="forward"/> sums.</summary>
    /// <param name="input">Normalised images (B, C, H, W).</param>
    /// <param name="forward">
    /// Given patches (b, N, D) of a part of the batch and the place of its first image; gives outputs, image by image, and the sum of the images' losses. Called by several threads at once.
    /// </param>
    /// <param name="seed">Decides what dropout drops.</param>
    /// <returns>The outputs and the mean loss, without gradients; they belong to the caller's dispose scope.</returns>
    public (Tensor Outputs, Tensor Loss) Run(Tensor input, Func<Tensor, int, (Tensor Outputs, Tensor LossSum)> forward, long seed)
    {
        (Tensor, Tensor, IList<Tensor>) Pass(Tensor x, int start, int thread, IReadOnlyList<Tensor> sums)
        {
            (Tensor outputs, Tensor lossSum) = forward(_stemGoesBefore ? x : _network.EmbedPatches(x), start);
            return Backward(x, outputs, lossSum / input.size(0));
        }
        return RunParts(input, Pass, seed);
    }

    /// <summary>Runs the parts of a batch: each its forward and its backward pass.</summary>
    private (Tensor Outputs, Tensor Loss) RunParts(Tensor input, PartPass pass, long seed)
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<IReadOnlyList<Range>> parts = MicroBatches.Divide((int)input.size(0), _microBatch, _threads?.Count ?? 1);
        Tensor patches = _stemGoesBefore ? _network.EmbedPatches(input) : input;
        Tensor detached = patches.detach();
        BatchShare[] shares = [.. parts.Select(_ => new BatchShare())];
        try
        {
            void RunThread(int index)
            {
                if (index < shares.Length)
                {
                    Compute(shares[index], parts[index], detached, pass, index, seed);
                }
            }
            if (_threads is null)
            {
                RunThread(0);
            }
            else
            {
                _threads.ForEach(RunThread);
            }
            (Tensor logits, Tensor loss) = Finish(shares, patches);
            return (logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope());
        }
        finally
        {
            Array.ForEach(shares, share => share.Dispose());
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        _threads?.Dispose();
        _network.DropoutGenerator = null;
        Array.ForEach(_generators, generator => generator.Dispose());
        Array.ForEach(_corePasses ?? [], pass => pass.Dispose());
    }

    private static bool IsOfStem(string name) => name.StartsWith("patch_embed.", StringComparison.Ordinal);

    /// <summary>A thread's share of the batch.</summary>
    private void Compute(BatchShare share, IReadOnlyList<Range> parts, Tensor input, PartPass pass, int index, long seed)
    {
        Generator generator = _generators[index];
        _network.DropoutGenerator = generator;
        foreach (Range part in parts)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (int start, int count) = part.GetOffsetAndLength((int)input.size(0));
            generator.manual_seed(unchecked(seed + start));
            Tensor x = input.narrow(0, start, count);
            if (StemLearnsBefore)
            {
                x = x.detach().requires_grad_();
            }
            (Tensor outputs, Tensor loss, IList<Tensor> gradients) = pass(x, start, index, share.Gradients);
            share.Add(outputs.detach(), loss.detach(), gradients.Take(_divided.Length), StemLearnsBefore ? gradients[^1] : null);
        }
    }

    private (Tensor Logits, Tensor Loss, IList<Tensor> Gradients) ForwardThenBackward(Tensor x, Func<Tensor, Tensor> lossOf)
    {
        Tensor logits = _stemGoesBefore ? _network.ForwardPatches(x) : _network.forward(x);
        return Backward(x, logits, lossOf(logits));
    }

    private (Tensor Outputs, Tensor Loss, IList<Tensor> Gradients) Backward(Tensor x, Tensor outputs, Tensor loss) =>
        (outputs, loss, autograd.grad([loss], x.requires_grad ? [.. _divided, x] : _divided));

    /// <summary>Adds the shares up and gives the parameters their gradients.</summary>
    private (Tensor Logits, Tensor Loss) Finish(BatchShare[] shares, Tensor patches)
    {
        using var scope = NewDisposeScope();
        foreach (BatchShare other in shares.Skip(1))
        {
            shares[0].Add(other);
        }
        if (StemLearnsBefore)
        {
            patches.backward([cat([.. shares.SelectMany(share => share.PatchGradients)])]);
        }
        using (no_grad())
        {
            foreach ((Tensor parameter, Tensor gradient) in _divided.Zip(shares[0].Gradients))
            {
                // An earlier batch of the same step may have left its own.
                if (parameter.grad is { } accumulated)
                {
                    accumulated.add_(gradient);
                }
                else
                {
                    parameter.grad = gradient;
                }
            }
        }
        Tensor logits = cat([.. shares.SelectMany(share => share.Logits)]);
        return (logits.MoveToOuterDisposeScope(), shares[0].Loss.clone().MoveToOuterDisposeScope());
    }
}
