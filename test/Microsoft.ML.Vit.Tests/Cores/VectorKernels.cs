using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Cores;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

/// <summary>What tests of kernels share.</summary>
internal static class VectorKernels
{
    /// <summary>Ends the test where the processor lacks the vectors.</summary>
    public static void Require()
    {
        if (!MatrixKernel.IsSupported)
        {
            Assert.Inconclusive("This processor has no 512-bit vectors.");
        }
    }

    /// <summary>A tensor's values in native memory, and room for five more rows.</summary>
    public static unsafe NativeFloats Copy(Tensor tensor)
    {
        long rows = tensor.dim() == 1 ? 1 : tensor.size(0);
        var floats = new NativeFloats(tensor.numel() + (tensor.numel() / rows * (MatrixKernel.Rows - 1)));
        Values(tensor).CopyTo(new Span<float>(floats.Pointer, (int)tensor.numel()));
        return floats;
    }

    /// <summary>Native memory as a tensor.</summary>
    public static unsafe Tensor Tensor(NativeFloats floats, params long[] shape) =>
        tensor(new Span<float>(floats.Pointer, (int)shape.Aggregate((a, b) => a * b)).ToArray(), shape);

    public static ReadOnlySpan<float> Values(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.contiguous().bytes);
}
