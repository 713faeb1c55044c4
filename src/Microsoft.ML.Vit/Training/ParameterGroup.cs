using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Parameters that share learning rate and weight decay.</summary>
internal sealed class ParameterGroup(IReadOnlyList<(string Name, Parameter Value)> parameters, double learningRateFactor, double weightDecay)
{
    /// <summary>At least one, under timm's names; not owned.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Parameters { get; } = parameters;

    /// <summary>The parameters without their names, for the kernels.</summary>
    public Tensor[] Tensors { get; } = [.. parameters.Select(p => p.Value)];

    /// <summary>Multiplies the optimizer's base learning rate.</summary>
    public double LearningRateFactor { get; } = learningRateFactor;

    /// <summary>0 for none.</summary>
    public double WeightDecay { get; } = weightDecay;

    /// <summary>One group for each shape.</summary>
    public IEnumerable<ParameterGroup> ByShape() =>
        Parameters
            .GroupBy(p => string.Join('x', p.Value.shape))
            .Select(sameShape => new ParameterGroup([.. sameShape], LearningRateFactor, WeightDecay));

    /// <summary>An optimizer's state, one tensor for each parameter or none at all, under the parameters' names.</summary>
    public IEnumerable<(string Name, Tensor Value)> Named(string prefix, Tensor[] state) => Parameters.Zip(state, (parameter, value) => ($"{prefix}.{parameter.Name}", value));

    /// <summary>Zeros, one tensor like each parameter, for an optimizer's state: the caller owns them, in no dispose scope.</summary>
    public Tensor[] NewState()
    {
        using var noGrad = no_grad();
        return [.. Tensors.Select(p => zeros_like(p).DetachFromDisposeScope())];
    }
}
