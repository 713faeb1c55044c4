using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>What one thread computed of a batch, part after part. Its tensors are in no dispose scope, so that another thread can take them.</summary>
internal sealed class BatchShare : IDisposable
{
    private readonly List<Tensor> _logits = [];
    private readonly List<Tensor> _patchGradients = [];
    private Tensor[] _gradients = [];
    private Tensor? _loss;

    /// <summary>The gradient of every learning parameter, summed over the parts.</summary>
    public IReadOnlyList<Tensor> Gradients => _gradients;

    /// <summary>The logits (n, C) of each part.</summary>
    public IReadOnlyList<Tensor> Logits => _logits;

    /// <summary>The gradients of each part's patches (n, N, D), where the stem learns.</summary>
    public IReadOnlyList<Tensor> PatchGradients => _patchGradients;

    /// <summary>The loss, summed over the parts.</summary>
    public Tensor Loss => _loss!;

    /// <summary>Adds a part.</summary>
    /// <param name="logits">Of the part, without gradients.</param>
    /// <param name="loss">Its share of the batch's mean loss.</param>
    /// <param name="gradients">Of the learning parameters; where it is <see cref="Gradients"/>' own tensor, the part's has been added to it.</param>
    /// <param name="patchGradient">Of the part's patches, where the stem learns.</param>
    public void Add(Tensor logits, Tensor loss, IEnumerable<Tensor> gradients, Tensor? patchGradient)
    {
        using var noGrad = no_grad();
        _logits.Add(logits.DetachFromDisposeScope());
        if (patchGradient is not null)
        {
            _patchGradients.Add(patchGradient.DetachFromDisposeScope());
        }
        if (_loss is null)
        {
            _loss = loss.DetachFromDisposeScope();
            _gradients = [.. gradients.Select(gradient => gradient.DetachFromDisposeScope())];
            return;
        }
        _loss.add_(loss);
        foreach ((Tensor sum, Tensor gradient) in _gradients.Zip(gradients))
        {
            if (!ReferenceEquals(sum, gradient))
            {
                sum.add_(gradient);
            }
        }
    }

    /// <summary>Adds another thread's sums to these.</summary>
    public void Add(BatchShare other)
    {
        using var noGrad = no_grad();
        Loss.add_(other.Loss);
        foreach ((Tensor sum, Tensor gradient) in _gradients.Zip(other._gradients))
        {
            sum.add_(gradient);
        }
    }

    /// <summary>Frees all.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _logits.Concat(_patchGradients).Concat(_gradients))
        {
            tensor.Dispose();
        }
        _loss?.Dispose();
    }
}
