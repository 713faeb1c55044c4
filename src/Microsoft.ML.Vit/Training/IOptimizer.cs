using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// Changes parameters by their gradients. Owns its state (moments, momentum), on the parameters' device: build it after the network has been moved there.
/// </summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>Steps done; set where a training goes on.</summary>
    long Steps { get; set; }

    /// <summary>One step. The gradients stay as they are.</summary>
    /// <param name="scale">The schedule's factor: multiplies the base learning rate of every group.</param>
    /// <exception cref="InvalidOperationException">A parameter has no gradient.</exception>
    void Step(double scale);

    /// <summary>
    /// With <see cref="Steps"/> all that a step depends on besides parameters and gradients: the tensors themselves, to be read or overwritten, some of them views that belong to the caller's
    /// dispose scope. Named after their parameters, such as <c>mean.blocks.0.attn.qkv.weight</c>.
    /// </summary>
    IEnumerable<(string Name, Tensor Value)> State();
}
