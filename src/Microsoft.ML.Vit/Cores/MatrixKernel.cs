using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// The innermost part of a matrix product: C (rows, 64) += A (rows, k) B (k, 64), float32, all 24 vectors of C in registers while k runs. Six rows by four vectors is the largest tile that 32 registers
/// hold, and the one that reads least for what it multiplies.
/// </summary>
internal static unsafe class MatrixKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile, and of a panel of B.</summary>
    public const int Columns = 64;

    /// <summary>Floats of a vector.</summary>
    public const int Lanes = 16;

    /// <summary>Whether this processor has the vectors for it.</summary>
    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    /// <summary>C (6, 64) = start + A B, where start is C itself, a row for all rows, or both.</summary>
    /// <param name="a">First of six rows of A.</param>
    /// <param name="strideA">Floats from row to row.</param>
    /// <param name="b">B, row after row, whose rows are <paramref name="strideB"/> floats apart.</param>
    /// <param name="strideB">Floats from row to row.</param>
    /// <param name="k">Columns of A, rows of B.</param>
    /// <param name="c">C.</param>
    /// <param name="strideC">Floats from row to row.</param>
    /// <param name="start">A row (64) that every row of C starts with; null for zeros.</param>
    /// <param name="accumulate">Whether C's own values count as well.</param>
    /// <param name="stepA">Floats from column to column of A. With <paramref name="strideA"/> 1 it is a row of memory, and what is multiplied is the transpose of what lies there.</param>
    /// <param name="ahead">What is read next, to be brought into the second-level cache meanwhile; null for nothing.</param>
    /// <param name="aheadStep">Floats of it for each column of A.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyTile(
        float* a, nint strideA, float* b, nint strideB, nint k, float* c, nint strideC, float* start, bool accumulate, nint stepA = 1, float* ahead = null, nint aheadStep = 0)
    {
        // Without, a line that is here already: cheaper than to ask each time.
        ahead = ahead == null ? a : ahead;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        if (start != null)
        {
            s0 = Vector512.Load(start);
            s1 = Vector512.Load(start + Lanes);
            s2 = Vector512.Load(start + 2 * Lanes);
            s3 = Vector512.Load(start + 3 * Lanes);
        }
        Vector512<float> c00 = s0, c01 = s1, c02 = s2, c03 = s3, c10 = s0, c11 = s1, c12 = s2, c13 = s3, c20 = s0, c21 = s1, c22 = s2, c23 = s3;
        Vector512<float> c30 = s0, c31 = s1, c32 = s2, c33 = s3, c40 = s0, c41 = s1, c42 = s2, c43 = s3, c50 = s0, c51 = s1, c52 = s2, c53 = s3;
        float* a0 = a, a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA, a4 = a3 + strideA, a5 = a4 + strideA;
        nint end = k * stepA;
        for (nint i = 0; i != end; i += stepA)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + Lanes), b2 = Vector512.Load(b + 2 * Lanes), b3 = Vector512.Load(b + 3 * Lanes);
            b += strideB;
            Sse.Prefetch1(ahead);
            ahead += aheadStep;
            Vector512<float> x = Vector512.Create(a0[i]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(x, b2, c02);
            c03 = Vector512.FusedMultiplyAdd(x, b3, c03);
            x = Vector512.Create(a1[i]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            c12 = Vector512.FusedMultiplyAdd(x, b2, c12);
            c13 = Vector512.FusedMultiplyAdd(x, b3, c13);
            x = Vector512.Create(a2[i]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            c22 = Vector512.FusedMultiplyAdd(x, b2, c22);
            c23 = Vector512.FusedMultiplyAdd(x, b3, c23);
            x = Vector512.Create(a3[i]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            c32 = Vector512.FusedMultiplyAdd(x, b2, c32);
            c33 = Vector512.FusedMultiplyAdd(x, b3, c33);
            x = Vector512.Create(a4[i]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            c42 = Vector512.FusedMultiplyAdd(x, b2, c42);
            c43 = Vector512.FusedMultiplyAdd(x, b3, c43);
            x = Vector512.Create(a5[i]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            c52 = Vector512.FusedMultiplyAdd(x, b2, c52);
            c53 = Vector512.FusedMultiplyAdd(x, b3, c53);
        }
        Store(c, accumulate, c00, c01, c02, c03);
        Store(c += strideC, accumulate, c10, c11, c12, c13);
        Store(c += strideC, accumulate, c20, c21, c22, c23);
        Store(c += strideC, accumulate, c30, c31, c32, c33);
        Store(c += strideC, accumulate, c40, c41, c42, c43);
        Store(c += strideC, accumulate, c50, c51, c52, c53);
    }

    /// <summary>C (6, 16) = A (6, k) B (k, 16): what is left beside whole tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyNarrow(float* a, nint strideA, float* b, nint strideB, nint k, float* c, nint strideC, nint stepA = 1)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        float* a0 = a, a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA, a4 = a3 + strideA, a5 = a4 + strideA;
        nint end = k * stepA;
        for (nint i = 0; i != end; i += stepA)
        {
            Vector512<float> row = Vector512.Load(b);
            b += strideB;
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a0[i]), row, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a1[i]), row, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a2[i]), row, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a3[i]), row, c3);
            c4 = Vector512.FusedMultiplyAdd(Vector512.Create(a4[i]), row, c4);
            c5 = Vector512.FusedMultiplyAdd(Vector512.Create(a5[i]), row, c5);
        }
        c0.Store(c);
        c1.Store(c + strideC);
        c2.Store(c + 2 * strideC);
        c3.Store(c + 3 * strideC);
        c4.Store(c + 4 * strideC);
        c5.Store(c + 5 * strideC);
    }

    /// <summary>C (6, 32) = A (6, k) B (k, 32): heads of 32 are half a tile wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyHalf(float* a, nint strideA, float* b, nint strideB, nint k, float* c, nint strideC, nint stepA = 1)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        float* a0 = a, a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA, a4 = a3 + strideA, a5 = a4 + strideA;
        nint end = k * stepA;
        for (nint i = 0; i != end; i += stepA)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + Lanes);
            b += strideB;
            Vector512<float> x = Vector512.Create(a0[i]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a1[i]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a2[i]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a3[i]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a4[i]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a5[i]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
        }
        Store(c, c00, c01);
        Store(c += strideC, c10, c11);
        Store(c += strideC, c20, c21);
        Store(c += strideC, c30, c31);
        Store(c += strideC, c40, c41);
        Store(c += strideC, c50, c51);
    }

    /// <summary>C (6, columns) = A (6, k) B (k, columns) for any multiple of 16 columns.</summary>
    public static void MultiplyRows(float* a, nint strideA, float* b, nint strideB, nint k, float* c, nint strideC, nint columns, nint stepA = 1)
    {
        nint column = 0;
        for (; column + Columns <= columns; column += Columns)
        {
            MultiplyTile(a, strideA, b + column, strideB, k, c + column, strideC, null, accumulate: false, stepA);
        }
        for (; column + 2 * Lanes <= columns; column += 2 * Lanes)
        {
            MultiplyHalf(a, strideA, b + column, strideB, k, c + column, strideC, stepA);
        }
        for (; column < columns; column += Lanes)
        {
            MultiplyNarrow(a, strideA, b + column, strideB, k, c + column, strideC, stepA);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> x0, Vector512<float> x1)
    {
        x0.Store(c);
        x1.Store(c + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, bool accumulate, Vector512<float> x0, Vector512<float> x1, Vector512<float> x2, Vector512<float> x3)
    {
        if (accumulate)
        {
            x0 += Vector512.Load(c);
            x1 += Vector512.Load(c + Lanes);
            x2 += Vector512.Load(c + 2 * Lanes);
            x3 += Vector512.Load(c + 3 * Lanes);
        }
        x0.Store(c);
        x1.Store(c + Lanes);
        x2.Store(c + 2 * Lanes);
        x3.Store(c + 3 * Lanes);
    }
}
