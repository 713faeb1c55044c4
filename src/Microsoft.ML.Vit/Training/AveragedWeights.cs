using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>The running average of a network's parameters and buffers.</summary>
internal sealed class AveragedWeights : IDisposable
{
    private readonly ExponentialMovingAverage _options;
    private readonly Tensor[] _current;
    private readonly Tensor[] _averages;

    /// <summary>The average starts as the network is now.</summary>
    public AveragedWeights(VisionTransformer network, ExponentialMovingAverage options)
    {
        using var noGrad = no_grad();
        _options = options;
        // A count of batches, the only integers there could be, has no average.
        _current = [.. network.State().Select(s => s.Tensor).Where(tensor => tensor.is_floating_point())];
        _averages = [.. _current.Select(tensor => tensor.detach().clone().DetachFromDisposeScope())];
    }

    /// <summary>Steps averaged over.</summary>
    public long Steps { get; private set; }

    /// <summary>Takes in the weights after a step.</summary>
    public void Update()
    {
        using var noGrad = no_grad();
        ScriptedKernels.Lerp(_averages, _current, 1 - _options.DecayAt(Steps++));
    }

    /// <summary>Puts the averages into the network and keeps its weights, or the other way round.</summary>
    public void Swap()
    {
        using var noGrad = no_grad();
        foreach ((Tensor current, Tensor average) in _current.Zip(_averages))
        {
            using Tensor copy = current.clone();
            current.copy_(average);
            average.copy_(copy);
        }
    }

    /// <summary>Frees the averages.</summary>
    public void Dispose() => Array.ForEach(_averages, average => average.Dispose());
}
