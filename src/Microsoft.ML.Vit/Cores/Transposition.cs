using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Transposes a matrix of floats, 16 by 16 at a time within registers: a quarter of an instruction for a float, where copying them one by one takes two.</summary>
internal static unsafe class Transposition
{
    /// <summary>target[c][r] = source[r][c].</summary>
    /// <param name="source">First row.</param>
    /// <param name="sourceStride">Floats from row to row.</param>
    /// <param name="rows">A multiple of 16.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="target">First row of the result.</param>
    /// <param name="targetStride">Floats from row to row of the result.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* source, nint sourceStride, nint rows, nint columns, float* target, nint targetStride)
    {
        for (nint row = 0; row < rows; row += MatrixKernel.Lanes)
        {
            for (nint column = 0; column < columns; column += MatrixKernel.Lanes)
            {
                Square(source + row * sourceStride + column, sourceStride, target + column * targetStride + row, targetStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square(float* source, nint sourceStride, float* target, nint targetStride)
    {
        Quarter(source, sourceStride, out Vector512<float> a0, out Vector512<float> a1, out Vector512<float> a2, out Vector512<float> a3);
        Quarter(source + 4 * sourceStride, sourceStride, out Vector512<float> b0, out Vector512<float> b1, out Vector512<float> b2, out Vector512<float> b3);
        Quarter(source + 8 * sourceStride, sourceStride, out Vector512<float> c0, out Vector512<float> c1, out Vector512<float> c2, out Vector512<float> c3);
        Quarter(source + 12 * sourceStride, sourceStride, out Vector512<float> d0, out Vector512<float> d1, out Vector512<float> d2, out Vector512<float> d3);
        Columns(a0, b0, c0, d0, target, targetStride);
        Columns(a1, b1, c1, d1, target + targetStride, targetStride);
        Columns(a2, b2, c2, d2, target + 2 * targetStride, targetStride);
        Columns(a3, b3, c3, d3, target + 3 * targetStride, targetStride);
    }

    /// <summary>Of four rows, the columns 0, 4, 8 and 12 one after the other, then 1, 5, 9 and 13, and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(float* source, nint stride, out Vector512<float> x0, out Vector512<float> x1, out Vector512<float> x2, out Vector512<float> x3)
    {
        Vector512<float> r0 = Vector512.Load(source), r1 = Vector512.Load(source + stride), r2 = Vector512.Load(source + 2 * stride), r3 = Vector512.Load(source + 3 * stride);
        Vector512<double> low01 = Avx512F.UnpackLow(r0, r1).AsDouble(), high01 = Avx512F.UnpackHigh(r0, r1).AsDouble();
        Vector512<double> low23 = Avx512F.UnpackLow(r2, r3).AsDouble(), high23 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        x0 = Avx512F.UnpackLow(low01, low23).AsSingle();
        x1 = Avx512F.UnpackHigh(low01, low23).AsSingle();
        x2 = Avx512F.UnpackLow(high01, high23).AsSingle();
        x3 = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    /// <summary>Four columns, 4 apart, of which each vector holds the values of four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* target, nint stride)
    {
        const byte Even = 0x88, Odd = 0xDD;
        Vector512<float> evenAB = Avx512F.Shuffle4x128(a, b, Even), oddAB = Avx512F.Shuffle4x128(a, b, Odd);
        Vector512<float> evenCD = Avx512F.Shuffle4x128(c, d, Even), oddCD = Avx512F.Shuffle4x128(c, d, Odd);
        Avx512F.Shuffle4x128(evenAB, evenCD, Even).Store(target);
        Avx512F.Shuffle4x128(oddAB, oddCD, Even).Store(target + 4 * stride);
        Avx512F.Shuffle4x128(evenAB, evenCD, Odd).Store(target + 8 * stride);
        Avx512F.Shuffle4x128(oddAB, oddCD, Odd).Store(target + 12 * stride);
    }
}
