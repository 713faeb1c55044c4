using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Allocates parameters and buffers without filling them and without the global random generator, which TorchSharp's own layers draw from: their
/// values come from an initialisation or from a file. They outlive the dispose scope in which the network is built.
/// </summary>
internal static class Weights
{
    /// <summary>An uninitialised float32 parameter on the CPU.</summary>
    public static Parameter Parameter(params long[] shape)
    {
        // The parameter takes the memory over; what is disposed is the emptied wrapper.
        using torch.Tensor data = torch.empty(shape, torch.float32, torch.CPU);
        var parameter = new Parameter(data, requires_grad: true);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>A float32 buffer on the CPU in which every element is <paramref name="value"/>.</summary>
    public static torch.Tensor Buffer(double value, params long[] shape) =>
        torch.full(shape, value, torch.float32, torch.CPU).DetachFromDisposeScope();
}
