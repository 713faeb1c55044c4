using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Applies what <see cref="VitActivation"/> names.</summary>
internal static class ActivationFunction
{
    /// <summary>The activation of every element.</summary>
    public static Tensor Apply(this VitActivation activation, Tensor x) => activation switch
    {
        VitActivation.Gelu => x.gelu(),
        VitActivation.GeluTanh => x.gelu(GELU.Approximate.tanh),
        VitActivation.Relu => x.relu(),
        VitActivation.Tanh => x.tanh(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    };
}
