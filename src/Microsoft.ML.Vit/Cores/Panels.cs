using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Columns of a matrix as a product's tiles read them: 64 beside each other, row after row.</summary>
internal static unsafe class Panels
{
    /// <summary>Packs 64 columns.</summary>
    /// <param name="source">The first column's first number.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="panel">(rows, 64).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint stride, int rows, float* panel)
    {
        for (int row = 0; row < rows; row++, source += stride, panel += MatrixKernel.Columns)
        {
            for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
            {
                Vector512.Load(source + i).Store(panel + i);
            }
        }
    }
}
