using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>The product of four rows with a matrix that lies in a core's cache, its sums in the processor's registers.</summary>
internal static unsafe class FourRows
{
    /// <summary>c = a b of a (4, depth), b (depth, columns) and c (4, columns), rows at these distances; columns in sixteens.</summary>
    public static void Multiply(float* a, long aStep, float* b, long bStep, int depth, int columns, float* c, long cStep)
    {
        int step = Vector512<float>.Count, column = 0;
        for (; column <= columns - (4 * step); column += 4 * step)
        {
            Four(a, aStep, b + column, bStep, depth, c + column, cStep);
        }
        for (; column < columns; column += step)
        {
            One(a, aStep, b + column, bStep, depth, c + column, cStep);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Four(float* a, long aStep, float* b, long bStep, int depth, float* c, long cStep)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default, c30 = default, c31 = default, c32 = default, c33 = default;
        float* a1 = a + aStep, a2 = a1 + aStep, a3 = a2 + aStep;
        for (int k = 0; k < depth; k++, b += bStep)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16), b2 = Vector512.Load(b + 32), b3 = Vector512.Load(b + 48);
            var row = Vector512.Create(a[k]);
            c00 = Vector512.FusedMultiplyAdd(row, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(row, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(row, b2, c02);
            c03 = Vector512.FusedMultiplyAdd(row, b3, c03);
            row = Vector512.Create(a1[k]);
            c10 = Vector512.FusedMultiplyAdd(row, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(row, b1, c11);
            c12 = Vector512.FusedMultiplyAdd(row, b2, c12);
            c13 = Vector512.FusedMultiplyAdd(row, b3, c13);
            row = Vector512.Create(a2[k]);
            c20 = Vector512.FusedMultiplyAdd(row, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(row, b1, c21);
            c22 = Vector512.FusedMultiplyAdd(row, b2, c22);
            c23 = Vector512.FusedMultiplyAdd(row, b3, c23);
            row = Vector512.Create(a3[k]);
            c30 = Vector512.FusedMultiplyAdd(row, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(row, b1, c31);
            c32 = Vector512.FusedMultiplyAdd(row, b2, c32);
            c33 = Vector512.FusedMultiplyAdd(row, b3, c33);
        }
        Store(c, c00, c01, c02, c03);
        Store(c + cStep, c10, c11, c12, c13);
        Store(c + (2 * cStep), c20, c21, c22, c23);
        Store(c + (3 * cStep), c30, c31, c32, c33);
    }

    private static void One(float* a, long aStep, float* b, long bStep, int depth, float* c, long cStep)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        for (int k = 0; k < depth; k++, b += bStep)
        {
            Vector512<float> column = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(a[k]), column, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(a[k + aStep]), column, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(a[k + (2 * aStep)]), column, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(a[k + (3 * aStep)]), column, c3);
        }
        c0.Store(c);
        c1.Store(c + cStep);
        c2.Store(c + (2 * cStep));
        c3.Store(c + (3 * cStep));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> c0, Vector512<float> c1, Vector512<float> c2, Vector512<float> c3)
    {
        c0.Store(c);
        c1.Store(c + 16);
        c2.Store(c + 32);
        c3.Store(c + 48);
    }
}
