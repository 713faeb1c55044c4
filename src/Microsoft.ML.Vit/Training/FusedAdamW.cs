using Microsoft.ML.Vit.Cores;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101) in PyTorch's form, one pass over parameters, gradients and both moments: on the CPU by all cores at once, elsewhere by PyTorch's fused kernel.
/// </summary>
internal sealed class FusedAdamW : IOptimizer
{
    private readonly AdamWOptimizer _options;
    private readonly IReadOnlyList<ParameterGroup> _groups;
    private readonly Tensor[][] _means;
    private readonly Tensor[][] _squares;
    private readonly ElementParts? _parts; // of all groups' parameters

    public FusedAdamW(AdamWOptimizer options, IReadOnlyList<ParameterGroup> groups)
    {
        (_options, _groups) = (options, groups);
        _means = [.. groups.Select(group => group.NewState())];
        _squares = [.. groups.Select(group => group.NewState())];
        Tensor[] parameters = Flat(groups.Select(group => group.Tensors));
        _parts = ElementParts.CanDivide(parameters) ? new ElementParts(parameters) : null;
    }

    public long Steps { get; set; }

    public void Step(double scale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Steps++;
        Tensor[][] gradients = [.. _groups.Select(group => Gradients.Of(group.Parameters))];
        if (_parts is not null)
        {
            StepOnCores(_parts, Flat(gradients), scale);
            return;
        }
        for (int i = 0; i < _groups.Count; i++)
        {
            ParameterGroup group = _groups[i];
            Tensor step = full([], (float)Steps, device: group.Tensors[0].device);
            ScriptedKernels.AdamW(group.Tensors, gradients[i], _means[i], _squares[i], step, LearningRate(group, scale), _options, group.WeightDecay);
        }
    }

    public IEnumerable<(string Name, Tensor Value)> State() =>
        _groups.SelectMany((group, i) => group.Named("mean", _means[i]).Concat(group.Named("square", _squares[i])));

    public void Dispose()
    {
        foreach (Tensor state in _means.Concat(_squares).SelectMany(s => s))
        {
            state.Dispose();
        }
    }

    private static Tensor[] Flat(IEnumerable<Tensor[]> lists) => [.. lists.SelectMany(list => list)];

    private double LearningRate(ParameterGroup group, double scale) => scale * group.LearningRateFactor * _options.LearningRate;

    private unsafe void StepOnCores(ElementParts parts, Tensor[] gradients, double scale)
    {
        AdamWKernel[] kernels = [.. _groups.SelectMany(group => Enumerable.Repeat(Kernel(group, scale), group.Tensors.Length))];
        float*[] parameters = ElementParts.Pointers(Flat(_groups.Select(group => group.Tensors)));
        float*[] slopes = ElementParts.Pointers([.. gradients.Select(gradient => gradient.contiguous())]);
        float*[] means = ElementParts.Pointers(Flat(_means)), squares = ElementParts.Pointers(Flat(_squares));
        parts.ForEach((_, i, start, count) => kernels[i].Apply(
            new(parameters[i] + start, count), new(slopes[i] + start, count), new(means[i] + start, count), new(squares[i] + start, count)));
    }

    private AdamWKernel Kernel(ParameterGroup group, double scale)
    {
        double rate = LearningRate(group, scale);
        return new AdamWKernel(
            (float)(1 - rate * group.WeightDecay),
            (float)(rate / (1 - Math.Pow(_options.Beta1, Steps))),
            (float)_options.Beta1,
            (float)_options.Beta2,
            (float)Math.Sqrt(1 - Math.Pow(_options.Beta2, Steps)),
            (float)_options.Epsilon);
    }
}
