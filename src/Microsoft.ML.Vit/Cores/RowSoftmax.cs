using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>The softmax of a row of attention scores.</summary>
internal static unsafe class RowSoftmax
{
    /// <summary>What a product of query and key is multiplied by to be a power of two: log2(e) / √d.</summary>
    public static float Exponent(int headSize) => (float)(1 / (Math.Log(2) * Math.Sqrt(headSize)));

    /// <summary>Replaces a row of scores by e to their power, relative to the largest, and gives the sum.</summary>
    /// <param name="row">The scores; memory up to the next multiple of 16 is written too.</param>
    /// <param name="tokens">How many there are.</param>
    /// <param name="exponent">What <see cref="Exponent"/> gives.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exponentials(float* row, int tokens, float exponent)
    {
        int whole = tokens / MatrixKernel.Lanes * MatrixKernel.Lanes;
        Vector512<float> isToken = Vector512.LessThan(Vector512<float>.Indices, Vector512.Create((float)(tokens - whole)));
        Vector512<float> largest = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < whole; i += MatrixKernel.Lanes)
        {
            largest = Vector512.MaxNative(largest, Vector512.Load(row + i));
        }
        if (whole < tokens)
        {
            largest = Vector512.MaxNative(largest, Vector512.ConditionalSelect(isToken, Vector512.Load(row + whole), largest));
        }
        Vector512<float> factor = Vector512.Create(exponent);
        Vector512<float> shift = Vector512.Create(-Largest(largest) * exponent);
        Vector512<float> sum = default;
        for (int i = 0; i < whole; i += MatrixKernel.Lanes)
        {
            Vector512<float> power = VectorMath.Exp2(Vector512.FusedMultiplyAdd(Vector512.Load(row + i), factor, shift));
            power.Store(row + i);
            sum += power;
        }
        if (whole < tokens)
        {
            Vector512<float> power = VectorMath.Exp2(Vector512.FusedMultiplyAdd(Vector512.Load(row + whole), factor, shift));
            power.Store(row + whole);
            sum += power & isToken;
        }
        return Vector512.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> x)
    {
        Vector256<float> y = Vector256.Max(x.GetLower(), x.GetUpper());
        Vector128<float> z = Vector128.Max(y.GetLower(), y.GetUpper());
        z = Vector128.Max(z, Vector128.Shuffle(z, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(z[0], z[1]);
    }
}
