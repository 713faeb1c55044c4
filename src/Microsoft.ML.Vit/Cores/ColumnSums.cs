using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>The sums of a matrix's columns.</summary>
internal static unsafe class ColumnSums
{
    /// <summary>Writes them, or adds them to what is there.</summary>
    /// <param name="x">First row.</param>
    /// <param name="rows">How many, 0 or more.</param>
    /// <param name="columns">A multiple of 64.</param>
    /// <param name="sums">The sums (columns).</param>
    /// <param name="adds">Whether they are added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* x, int rows, nint columns, float* sums, bool adds)
    {
        for (nint column = 0; column < columns; column += MatrixKernel.Columns, x += MatrixKernel.Columns, sums += MatrixKernel.Columns)
        {
            Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
            float* value = x;
            for (int row = 0; row < rows; row++, value += columns)
            {
                s0 += Vector512.Load(value);
                s1 += Vector512.Load(value + MatrixKernel.Lanes);
                s2 += Vector512.Load(value + 2 * MatrixKernel.Lanes);
                s3 += Vector512.Load(value + 3 * MatrixKernel.Lanes);
            }
            if (adds)
            {
                s0 += Vector512.Load(sums);
                s1 += Vector512.Load(sums + MatrixKernel.Lanes);
                s2 += Vector512.Load(sums + 2 * MatrixKernel.Lanes);
                s3 += Vector512.Load(sums + 3 * MatrixKernel.Lanes);
            }
            s0.Store(sums);
            s1.Store(sums + MatrixKernel.Lanes);
            s2.Store(sums + 2 * MatrixKernel.Lanes);
            s3.Store(sums + 3 * MatrixKernel.Lanes);
        }
    }

    /// <summary>The same of the products of two matrices' elements.</summary>
    /// <param name="x">First row of one.</param>
    /// <param name="y">First row of the other.</param>
    /// <param name="rows">How many, 0 or more.</param>
    /// <param name="columns">A multiple of 32.</param>
    /// <param name="sums">The sums (columns).</param>
    /// <param name="adds">Whether they are added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddProducts(float* x, float* y, int rows, nint columns, float* sums, bool adds)
    {
        for (nint column = 0; column < columns; column += 2 * MatrixKernel.Lanes, x += 2 * MatrixKernel.Lanes, y += 2 * MatrixKernel.Lanes, sums += 2 * MatrixKernel.Lanes)
        {
            Vector512<float> s0 = default, s1 = default;
            float* a = x, b = y;
            for (int row = 0; row < rows; row++, a += columns, b += columns)
            {
                s0 = Vector512.FusedMultiplyAdd(Vector512.Load(a), Vector512.Load(b), s0);
                s1 = Vector512.FusedMultiplyAdd(Vector512.Load(a + MatrixKernel.Lanes), Vector512.Load(b + MatrixKernel.Lanes), s1);
            }
            if (adds)
            {
                s0 += Vector512.Load(sums);
                s1 += Vector512.Load(sums + MatrixKernel.Lanes);
            }
            s0.Store(sums);
            s1.Store(sums + MatrixKernel.Lanes);
        }
    }
}
