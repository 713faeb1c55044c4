using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>The memory of contiguous float32 tensors on the CPU, only while they are not disposed.</summary>
internal static class Floats
{
    /// <summary>A tensor's values.</summary>
    public static Span<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    /// <summary>Where they begin; the memory is native and does not move.</summary>
    public static unsafe float* Pointer(Tensor tensor) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Of(tensor)));
}
