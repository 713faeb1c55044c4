using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Reads tensors.</summary>
internal static class Floats
{
    /// <summary>The values of a contiguous float32 tensor on the CPU, only while it is not disposed.</summary>
    public static ReadOnlySpan<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
