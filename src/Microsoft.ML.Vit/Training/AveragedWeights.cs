using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>The running average of a network's parameters and buffers.</summary>
internal sealed class AveragedWeights : IDisposable
{
    private readonly ExponentialMovingAverage _options;
    private readonly string[] _names;
    private readonly Tensor[] _current;
    private readonly Tensor[] _averages;

    /// <summary>The average starts as the network is now.</summary>
    public AveragedWeights(VisionTransformer network, ExponentialMovingAverage options)
    {
        using var noGrad = no_grad();
        _options = options;
        // A count of batches, the only integers there could be, has no average.
        (string Name, Tensor Tensor)[] state = [.. network.State().Where(s => s.Tensor.is_floating_point())];
        _names = [.. state.Select(s => s.Name)];
        _current = [.. state.Select(s => s.Tensor)];
        _averages = [.. _current.Select(tensor => tensor.clone().DetachFromDisposeScope())];
    }

    /// <summary>Steps averaged over; set where a training goes on.</summary>
    public long Steps { get; set; }

    /// <summary>The averages themselves, under the names of what they are averages of.</summary>
    public IEnumerable<(string Name, Tensor Value)> State() => _names.Zip(_averages);

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
