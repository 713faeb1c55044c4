using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Vit.Model;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Layer normalisation of rows whose length is a multiple of 16.</summary>
internal sealed unsafe class RowNormalization : IDisposable
{
    private readonly NativeFloats _scale;
    private readonly NativeFloats _shift;
    private readonly int _width;
    private readonly float _epsilon;

    /// <summary>Copies scale and shift.</summary>
    public RowNormalization(LayerNorm norm)
    {
        ReadOnlySpan<float> scale = Floats.Of(norm.Weight), shift = Floats.Of(norm.Bias);
        _width = scale.Length;
        _epsilon = (float)norm.Epsilon;
        _scale = new NativeFloats(_width);
        _shift = new NativeFloats(_width);
        scale.CopyTo(new Span<float>(_scale.Pointer, _width));
        shift.CopyTo(new Span<float>(_shift.Pointer, _width));
    }

    /// <summary>y = (x - mean) / sqrt(variance + epsilon) * scale + shift for each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* x, int rows, float* y)
    {
        int width = _width;
        float* scale = _scale.Pointer, shift = _shift.Pointer;
        for (int row = 0; row < rows; row++, x += width, y += width)
        {
            (float mean, float factor) = Of(x, width, _epsilon);
            for (int i = 0; i < width; i += MatrixKernel.Lanes)
            {
                Vector512<float> normal = (Vector512.Load(x + i) - Vector512.Create(mean)) * factor;
                Vector512.FusedMultiplyAdd(normal, Vector512.Load(scale + i), Vector512.Load(shift + i)).Store(y + i);
            }
        }
    }

    /// <summary>A row's mean, and 1 / sqrt(variance + epsilon).</summary>
    /// <param name="x">The row.</param>
    /// <param name="width">Its length, any.</param>
    /// <param name="epsilon">Added to the variance.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Mean, float Factor) Of(float* x, int width, float epsilon)
    {
        int i = 0, whole = width - MatrixKernel.Lanes;
        Vector512<float> sums = default;
        for (; i <= whole; i += MatrixKernel.Lanes)
        {
            sums += Vector512.Load(x + i);
        }
        float sum = Vector512.Sum(sums);
        for (; i < width; i++)
        {
            sum += x[i];
        }
        float mean = sum / width;
        Vector512<float> means = Vector512.Create(mean), squares = default;
        for (i = 0; i <= whole; i += MatrixKernel.Lanes)
        {
            Vector512<float> difference = Vector512.Load(x + i) - means;
            squares = Vector512.FusedMultiplyAdd(difference, difference, squares);
        }
        float square = Vector512.Sum(squares);
        for (; i < width; i++)
        {
            square += (x[i] - mean) * (x[i] - mean);
        }
        return (mean, 1 / MathF.Sqrt((square / width) + epsilon));
    }

    /// <summary>Frees the copies.</summary>
    public void Dispose()
    {
        _scale.Dispose();
        _shift.Dispose();
    }
}
