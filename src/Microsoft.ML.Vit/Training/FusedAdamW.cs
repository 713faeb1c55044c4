using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101) in PyTorch's form, by its fused kernel: one pass over parameters, gradients and both moments.</summary>
internal sealed class FusedAdamW(AdamWOptimizer options, IReadOnlyList<ParameterGroup> groups) : IOptimizer
{
    private readonly Tensor[][] _means = [.. groups.Select(g => g.NewState())];
    private readonly Tensor[][] _squares = [.. groups.Select(g => g.NewState())];

    public long Steps { get; set; }

    public void Step(double scale)
    {
        using var noGrad = no_grad();
        Steps++;
        for (int i = 0; i < groups.Count; i++)
        {
            using var scope = NewDisposeScope();
            ParameterGroup group = groups[i];
            Tensor step = full([], (float)Steps, device: group.Tensors[0].device);
            double learningRate = scale * group.LearningRateFactor * options.LearningRate;
            ScriptedKernels.AdamW(group.Tensors, Gradients.Of(group.Parameters), _means[i], _squares[i], step, learningRate, options, group.WeightDecay);
        }
    }

    public IEnumerable<(string Name, Tensor Value)> State() =>
        groups.SelectMany((group, i) => group.Named("mean", _means[i]).Concat(group.Named("square", _squares[i])));

    public void Dispose()
    {
        foreach (Tensor state in _means.Concat(_squares).SelectMany(s => s))
        {
            state.Dispose();
        }
    }
}
