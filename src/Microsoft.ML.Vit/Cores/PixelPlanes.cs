using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Cores;

/// <summary>An image's pixels, bytes or floats in planes, to the normalised floats that a network reads.</summary>
/// <param name="scale">A factor for each plane.</param>
/// <param name="shift">What is added after it.</param>
/// <param name="pixels">Of a plane.</param>
internal sealed unsafe class PixelPlanes(float[] scale, float[] shift, int pixels)
{
    /// <summary>Values of an image.</summary>
    public int Length => scale.Length * pixels;

    /// <summary>Normalises a thread's share of an image, the same part of each plane.</summary>
    /// <param name="image">The planes, one after the other.</param>
    /// <param name="isFloat">Floats, else bytes.</param>
    /// <param name="target">Receives the planes.</param>
    /// <param name="thread">Whose share.</param>
    /// <param name="threads">How many share the image.</param>
    public void Normalize(ReadOnlySpan<byte> image, bool isFloat, float* target, int thread, int threads)
    {
        int from = (int)((long)pixels * thread / threads), count = (int)((long)pixels * (thread + 1) / threads) - from;
        fixed (byte* start = image)
        {
            for (int plane = 0; plane < scale.Length; plane++)
            {
                int first = (plane * pixels) + from;
                if (isFloat)
                {
                    Normalize((float*)start + first, scale[plane], shift[plane], count, target + first);
                }
                else
                {
                    Normalize(start + first, scale[plane], shift[plane], count, target + first);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize(byte* x, float scale, float shift, int count, float* y)
    {
        Vector512<float> scales = Vector512.Create(scale), shifts = Vector512.Create(shift);
        int i = 0;
        for (; i <= count - MatrixKernel.Lanes; i += MatrixKernel.Lanes)
        {
            Vector512<float> values = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(x + i)));
            Vector512.FusedMultiplyAdd(values, scales, shifts).Store(y + i);
        }
        for (; i < count; i++)
        {
            y[i] = float.FusedMultiplyAdd(x[i], scale, shift);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize(float* x, float scale, float shift, int count, float* y)
    {
        Vector512<float> scales = Vector512.Create(scale), shifts = Vector512.Create(shift);
        int i = 0;
        for (; i <= count - MatrixKernel.Lanes; i += MatrixKernel.Lanes)
        {
            Vector512.FusedMultiplyAdd(Vector512.Load(x + i), scales, shifts).Store(y + i);
        }
        for (; i < count; i++)
        {
            y[i] = float.FusedMultiplyAdd(x[i], scale, shift);
        }
    }
}
