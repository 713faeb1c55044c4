using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Layer normalisation of rows, y = n * scale + shift with n = (x - mean) * factor, and its gradients.</summary>
/// <param name="scale">(width).</param>
/// <param name="shift">(width).</param>
/// <param name="width">A multiple of 16.</param>
/// <param name="epsilon">Added to the variance.</param>
internal sealed unsafe class LearningNorm(LearnedValues scale, LearnedValues shift, int width, double epsilon)
{
    /// <summary>y, and what the gradients need.</summary>
    /// <param name="x">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="normal">n (rows, width).</param>
    /// <param name="factors">1 / sqrt(variance + epsilon) of each row.</param>
    /// <param name="y">First row of y.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(float* x, int rows, float* normal, float* factors, float* y)
    {
        for (int row = 0; row < rows; row++, x += width, normal += width, y += width)
        {
            (float mean, float factor) = RowNormalization.Of(x, width, (float)epsilon);
            factors[row] = factor;
            for (int i = 0; i < width; i += MatrixKernel.Lanes)
            {
                Vector512<float> n = (Vector512.Load(x + i) - Vector512.Create(mean)) * factor;
                n.Store(normal + i);
                Vector512.FusedMultiplyAdd(n, Vector512.Load(scale.Values + i), Vector512.Load(shift.Values + i)).Store(y + i);
            }
        }
    }

    /// <summary>64 columns of y anew, one row after the other: cheaper than to keep y.</summary>
    /// <param name="normal">n (rows, width).</param>
    /// <param name="rows">How many.</param>
    /// <param name="column">The first of the 64.</param>
    /// <param name="y">y (rows, 64).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ScaleAndShift(float* normal, int rows, int column, float* y)
    {
        normal += column;
        for (int row = 0; row < rows; row++, normal += width, y += MatrixKernel.Columns)
        {
            for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
            {
                Vector512.FusedMultiplyAdd(Vector512.Load(normal + i), Vector512.Load(scale.Values + column + i), Vector512.Load(shift.Values + column + i)).Store(y + i);
            }
        }
    }

    /// <summary>Adds the gradient of x to another, that of the residual connection around it.</summary>
    /// <param name="dy">First row of dy.</param>
    /// <param name="normal">n.</param>
    /// <param name="factors">The rows' factors.</param>
    /// <param name="rows">How many.</param>
    /// <param name="dx">First row of what it is added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddInputGradient(float* dy, float* normal, float* factors, int rows, float* dx)
    {
        float* s = scale.Values;
        for (int row = 0; row < rows; row++, dy += width, normal += width, dx += width)
        {
            Vector512<float> sums = default, products = default;
            for (int i = 0; i < width; i += MatrixKernel.Lanes)
            {
                Vector512<float> g = Vector512.Load(dy + i) * Vector512.Load(s + i);
                sums += g;
                products = Vector512.FusedMultiplyAdd(g, Vector512.Load(normal + i), products);
            }
            float factor = factors[row];
            Vector512<float> mean = Vector512.Create(Vector512.Sum(sums) / width), slope = Vector512.Create(Vector512.Sum(products) / width);
            for (int i = 0; i < width; i += MatrixKernel.Lanes)
            {
                Vector512<float> g = (Vector512.Load(dy + i) * Vector512.Load(s + i)) - mean - (Vector512.Load(normal + i) * slope);
                Vector512.FusedMultiplyAdd(g, Vector512.Create(factor), Vector512.Load(dx + i)).Store(dx + i);
            }
        }
    }

    /// <summary>The gradients of scale and shift; nothing for frozen ones.</summary>
    /// <param name="dy">First row of dy.</param>
    /// <param name="normal">n.</param>
    /// <param name="rows">How many, 0 or more.</param>
    /// <param name="adds">Whether they are added to earlier ones.</param>
    public void ParameterGradient(float* dy, float* normal, int rows, bool adds)
    {
        if (shift.Gradient != null)
        {
            ColumnSums.Add(dy, rows, width, shift.Gradient, adds);
        }
        if (scale.Gradient != null)
        {
            ColumnSums.AddProducts(dy, normal, rows, width, scale.Gradient, adds);
        }
    }
}
