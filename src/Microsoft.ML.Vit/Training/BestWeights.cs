using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Keeps a copy of the weights of the epoch that validated best: highest accuracy, on equal accuracy lowest loss.</summary>
internal sealed class BestWeights(VisionTransformer network) : IDisposable
{
    private readonly Dictionary<string, Tensor> _copies = [];
    private RunningMetrics? _best;

    /// <summary>Epochs since the best one.</summary>
    public int EpochsSince { get; private set; }

    /// <summary>Looks at the epoch that just ended.</summary>
    public void Offer(RunningMetrics validation)
    {
        EpochsSince++;
        if (_best is not null && (validation.Accuracy, -validation.Loss).CompareTo((_best.Accuracy, -_best.Loss)) <= 0)
        {
            return;
        }
        _best = validation;
        EpochsSince = 0;
        using var noGrad = no_grad();
        foreach ((string name, Tensor value) in network.State())
        {
            if (_copies.TryGetValue(name, out Tensor? copy))
            {
                copy.copy_(value);
            }
            else
            {
                _copies[name] = value.detach().clone().DetachFromDisposeScope();
            }
        }
    }

    /// <summary>Gives the network the best weights back; nothing where there was no validation.</summary>
    public void Restore()
    {
        using var noGrad = no_grad();
        foreach ((string name, Tensor value) in network.State())
        {
            if (_copies.TryGetValue(name, out Tensor? copy))
            {
                value.copy_(copy);
            }
        }
    }

    /// <summary>Frees the copies.</summary>
    public void Dispose()
    {
        foreach (Tensor copy in _copies.Values)
        {
            copy.Dispose();
        }
    }
}
