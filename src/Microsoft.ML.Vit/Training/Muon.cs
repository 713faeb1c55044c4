using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Muon (Jordan et al. 2024; torch.optim.Muon with <c>adjust_lr_fn="match_rms_adamw"</c>) for matrices, another optimizer for the rest. The Nesterov-averaged gradient is
/// replaced by the nearest semi-orthogonal matrix; weight decay is decoupled. Matrices of equal shape are iterated together, by batched products.
/// </summary>
internal sealed class Muon : IOptimizer
{
    private readonly MuonOptimizer _options;
    private readonly ParameterGroup[] _stacks;
    private readonly Tensor[] _buffers;
    private readonly IOptimizer _rest;

    /// <param name="options">Learning rate and momentum.</param>
    /// <param name="matrices">Groups of 2-D parameters.</param>
    /// <param name="rest">The optimizer of all other parameters; stepped and disposed with this one.</param>
    public Muon(MuonOptimizer options, IReadOnlyList<ParameterGroup> matrices, IOptimizer rest)
    {
        _options = options;
        _rest = rest;
        _stacks = [.. matrices.SelectMany(group => group.ByShape())];
        // (matrices of the shape, rows, columns)
        _buffers = [.. _stacks.Select(s => zeros([s.Tensors.Length, .. s.Tensors[0].shape], device: s.Tensors[0].device).DetachFromDisposeScope())];
    }

    public long Steps
    {
        get => _rest.Steps;
        set => _rest.Steps = value;
    }

    public void Step(double scale)
    {
        using var noGrad = no_grad();
        for (int i = 0; i < _stacks.Length; i++)
        {
            using var scope = NewDisposeScope();
            ParameterGroup stack = _stacks[i];
            Tensor gradients = torch.stack(Gradients.Of(stack.Parameters));
            Tensor buffer = _buffers[i];
            buffer.lerp_(gradients, 1 - _options.Momentum);
            Tensor direction = NewtonSchulz.Orthogonalize(gradients.lerp(buffer, _options.Momentum));
            double learningRate = scale * stack.LearningRateFactor * _options.LearningRate;
            // 0.2 is the RMS of AdamW's usual updates, so that one learning rate suits both.
            double length = 0.2 * Math.Sqrt(Math.Max(buffer.size(1), buffer.size(2)));
            ScriptedKernels.DecayAndAdd(stack.Tensors, direction, decay: 1 - (learningRate * stack.WeightDecay), alpha: -learningRate * length);
        }
        _rest.Step(scale);
    }

    public IEnumerable<(string Name, Tensor Value)> State() => _stacks.SelectMany((stack, i) => stack.Named("momentum", _buffers[i].unbind())).Concat(_rest.State());

    public void Dispose()
    {
        foreach (Tensor buffer in _buffers)
        {
            buffer.Dispose();
        }
        _rest.Dispose();
    }
}
