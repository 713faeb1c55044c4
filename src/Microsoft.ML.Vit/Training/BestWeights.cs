using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Keeps a copy of the weights of the epoch that validated best: highest accuracy, on equal accuracy lowest loss.</summary>
internal sealed class BestWeights(VisionTransformer network) : IDisposable
{
    private readonly Dictionary<string, Tensor> _copies = [];

    /// <summary>What the best epoch gave; null before the first.</summary>
    public (double Accuracy, double Loss)? Best { get; private set; }

    /// <summary>Epochs since the best one.</summary>
    public int EpochsSince { get; private set; }

    /// <summary>Looks at the epoch that just ended.</summary>
    public void Offer(RunningMetrics validation)
    {
        EpochsSince++;
        if (Best is { } best && (validation.Accuracy, -validation.Loss).CompareTo((best.Accuracy, -best.Loss)) <= 0)
        {
            return;
        }
        Best = (validation.Accuracy, validation.Loss);
        EpochsSince = 0;
        Copy();
    }

    /// <summary>What an earlier run of the training had; <see cref="State"/> is then to be overwritten by what it kept.</summary>
    public void Resume((double Accuracy, double Loss)? best, int epochsSince)
    {
        Best = best;
        EpochsSince = epochsSince;
        if (best is not null)
        {
            Copy();
        }
    }

    /// <summary>The copies themselves, under the network's names; none before the first validation.</summary>
    public IEnumerable<(string Name, Tensor Value)> State() => _copies.Select(copy => (copy.Key, copy.Value));

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

    private void Copy()
    {
        using var noGrad = no_grad();
        foreach ((string name, Tensor value) in network.State())
        {
            if (_copies.TryGetValue(name, out Tensor? copy))
            {
                copy.copy_(value);
            }
            else
            {
                _copies[name] = value.clone().DetachFromDisposeScope();
            }
        }
    }
}
