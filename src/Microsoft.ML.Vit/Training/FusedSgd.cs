using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Stochastic gradient descent with momentum in PyTorch's form (buffer = momentum * buffer + gradient, the first buffer being the gradient; Nesterov adds the gradient once
/// more), by its fused kernel.
/// </summary>
internal sealed class FusedSgd(SgdOptimizer options, IReadOnlyList<ParameterGroup> groups) : IOptimizer
{
    private readonly Tensor[][] _buffers = [.. groups.Select(g => options.Momentum == 0 ? [] : g.NewState())];

    public long Steps { get; set; }

    public void Step(double scale)
    {
        using var noGrad = no_grad();
        for (int i = 0; i < groups.Count; i++)
        {
            using var scope = NewDisposeScope();
            ParameterGroup group = groups[i];
            double learningRate = scale * group.LearningRateFactor * options.LearningRate;
            ScriptedKernels.Sgd(group.Tensors, Gradients.Of(group.Parameters), _buffers[i], learningRate, options, group.WeightDecay, isFirstStep: Steps == 0);
        }
        Steps++;
    }

    public IEnumerable<(string Name, Tensor Value)> State() => groups.SelectMany((group, i) => group.Named("momentum", _buffers[i]));

    public void Dispose()
    {
        foreach (Tensor buffer in _buffers.SelectMany(b => b))
        {
            buffer.Dispose();
        }
    }
}
