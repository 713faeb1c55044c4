using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>LayerScale, a factor for each channel of what a branch gives, and its gradients; and the factor for all of them by which drop path lets a branch grow.</summary>
/// <param name="factors">(width).</param>
/// <param name="width">A multiple of 64.</param>
internal sealed unsafe class LearningScale(LearnedValues factors, int width)
{
    /// <summary>Adds what a branch gives of one image, scaled, to the image's tokens.</summary>
    /// <param name="x">First row of what the branch gives.</param>
    /// <param name="scale">Null for none.</param>
    /// <param name="growth">A factor for all.</param>
    /// <param name="shape">How many rows and channels.</param>
    /// <param name="tokens">First of the tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* x, LearningScale? scale, float growth, BlockShape shape, float* tokens)
    {
        float* factors = scale is null ? null : scale.Values;
        for (int row = 0; row < shape.Tokens; row++, x += shape.Width, tokens += shape.Width)
        {
            for (int i = 0; i < shape.Width; i += MatrixKernel.Lanes)
            {
                Vector512<float> factor = factors == null ? Vector512.Create(growth) : Vector512.Load(factors + i) * growth;
                Vector512.FusedMultiplyAdd(Vector512.Load(x + i), factor, Vector512.Load(tokens + i)).Store(tokens + i);
            }
        }
    }

    /// <summary>y = x * factor.</summary>
    /// <param name="x">The first number.</param>
    /// <param name="factor">For all.</param>
    /// <param name="count">A multiple of 16.</param>
    /// <param name="y">The first result.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, float factor, int count, float* y)
    {
        for (int i = 0; i < count; i += MatrixKernel.Lanes)
        {
            (Vector512.Load(x + i) * factor).Store(y + i);
        }
    }

    /// <summary>The gradient of the factors, nothing for frozen ones, and then in place that of what they multiplied.</summary>
    /// <param name="dy">First row of the result's gradient.</param>
    /// <param name="x">First row of what was multiplied.</param>
    /// <param name="rows">How many, 0 or more.</param>
    /// <param name="adds">Whether the factors' gradient is added to an earlier one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward(float* dy, float* x, int rows, bool adds)
    {
        if (factors.Gradient != null)
        {
            ColumnSums.AddProducts(dy, x, rows, width, factors.Gradient, adds);
        }
        for (int row = 0; row < rows; row++, dy += width)
        {
            for (int i = 0; i < width; i += MatrixKernel.Lanes)
            {
                (Vector512.Load(dy + i) * Vector512.Load(factors.Values + i)).Store(dy + i);
            }
        }
    }

    private float* Values => factors.Values;
}
