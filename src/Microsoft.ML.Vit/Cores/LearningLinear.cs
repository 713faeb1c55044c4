using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// y = x Wᵀ + b and its gradients, for the rows of a few images. All three products go panel by panel: 64 columns of what is read most often are packed into the second-level cache, then all tiles of six
/// rows pass by. Weights change with every step and each is packed for hundreds of rows, so they are packed anew each time (1 to 2 % of the time) and kept nowhere. Measured on a Zen 5 core that multiplies
/// at most 225 GFLOP/s: 190 to 216 for y; for dW 190 to 213 at widths of 128 to 384 and 160 to 185 at 768.
/// </summary>
/// <param name="weight">W (outputs, inputs).</param>
/// <param name="bias">b (outputs).</param>
/// <param name="inputs">A multiple of 64.</param>
/// <param name="outputs">A multiple of 64.</param>
/// <param name="panel">The thread's, of <see cref="PanelFloats"/>.</param>
internal sealed unsafe class LearningLinear(LearnedValues weight, LearnedValues bias, int inputs, int outputs, NativeFloats panel)
{
    /// <summary>Longest sum that is done in one go: a panel takes 320 KiB of the second-level cache.</summary>
    public const int Depth = 1280;

    /// <summary>Size of a panel's memory.</summary>
    public const int PanelFloats = Depth * MatrixKernel.Columns;

    // Rows that a gradient of weights sums in one go; more panels would not stay in the cache beside the rows of dy.
    private const int GradientRows = 512;

    /// <summary>y = x Wᵀ + b. It is done for six rows at a time, so memory of up to five more must be there; what stands there afterwards means nothing.</summary>
    /// <param name="x">First row of x (rows, inputs).</param>
    /// <param name="rows">How many.</param>
    /// <param name="y">First row of y (rows, outputs).</param>
    /// <param name="addsToY">Whether it is added to what y holds.</param>
    /// <param name="slope">Where an exact GELU follows: its derivative (rows, outputs). Null for none.</param>
    public void Forward(float* x, int rows, float* y, bool addsToY = false, float* slope = null)
    {
        int depth = DepthOf(inputs);
        for (int from = 0; from < inputs; from += depth)
        {
            int count = Math.Min(depth, inputs - from);
            for (int output = 0; output < outputs; output += MatrixKernel.Columns)
            {
                Transposition.Apply(weight.Values + (long)output * inputs + from, inputs, MatrixKernel.Columns, count, panel.Pointer, MatrixKernel.Columns);
                float* start = from == 0 && bias.Values != null ? bias.Values + output : null;
                for (long row = 0; row < rows; row += MatrixKernel.Rows)
                {
                    float* tile = y + row * outputs + output;
                    MatrixKernel.MultiplyTile(x + row * inputs + from, inputs, panel.Pointer, MatrixKernel.Columns, count, tile, outputs, start, addsToY || from > 0);
                    if (slope != null && from + count == inputs)
                    {
                        Gelu(tile, slope + row * outputs + output);
                    }
                }
            }
        }
    }

    /// <summary>The gradient of x: dx = dy W. As with <see cref="Forward"/>, up to five rows more are written.</summary>
    /// <param name="dy">First row of dy (rows, outputs).</param>
    /// <param name="rows">How many.</param>
    /// <param name="dx">First row of dx (rows, inputs); with <paramref name="multiplies"/> it holds a GELU's derivative, which is multiplied by dy W. Needs outputs up to <see cref="Depth"/> then.</param>
    /// <param name="multiplies">Whether x is a GELU's result and the gradient of what went into it is wanted.</param>
    public void InputGradient(float* dy, int rows, float* dx, bool multiplies = false)
    {
        int depth = DepthOf(outputs);
        float* product = stackalloc float[MatrixKernel.Rows * MatrixKernel.Columns];
        for (int from = 0; from < outputs; from += depth)
        {
            int count = Math.Min(depth, outputs - from);
            for (int input = 0; input < inputs; input += MatrixKernel.Columns)
            {
                Panels.Copy(weight.Values + (long)from * inputs + input, inputs, count, panel.Pointer);
                for (long row = 0; row < rows; row += MatrixKernel.Rows)
                {
                    float* a = dy + row * outputs + from, tile = dx + row * inputs + input;
                    if (multiplies)
                    {
                        MatrixKernel.MultiplyTile(a, outputs, panel.Pointer, MatrixKernel.Columns, count, product, MatrixKernel.Columns, null, accumulate: false);
                        Multiply(tile, product);
                    }
                    else
                    {
                        MatrixKernel.MultiplyTile(a, outputs, panel.Pointer, MatrixKernel.Columns, count, tile, inputs, null, from > 0);
                    }
                }
            }
        }
    }

    /// <summary>The gradients of weights and bias: dW = dyᵀ x, db the sum of dy's rows. Nothing for frozen ones.</summary>
    /// <param name="dy">First row of dy (rows, outputs).</param>
    /// <param name="x">First row of x (rows, inputs); where it is a normalisation's result, of the rows before scale and shift.</param>
    /// <param name="rows">How many, 0 or more.</param>
    /// <param name="adds">Whether they are added to earlier ones.</param>
    /// <param name="norm">The normalisation that x comes from; null for x itself.</param>
    public void WeightGradient(float* dy, float* x, int rows, bool adds, LearningNorm? norm = null)
    {
        if (bias.Gradient != null)
        {
            ColumnSums.Add(dy, rows, outputs, bias.Gradient, adds);
        }
        if (weight.Gradient == null)
        {
            return;
        }
        int from = 0;
        do
        {
            int count = Math.Min(GradientRows, rows - from);
            for (int input = 0; input < inputs; input += MatrixKernel.Columns)
            {
                if (norm is null)
                {
                    Panels.Copy(x + (long)from * inputs + input, inputs, count, panel.Pointer);
                }
                else
                {
                    norm.ScaleAndShift(x + (long)from * inputs, count, input, panel.Pointer);
                }
                GradientPanel(dy + (long)from * outputs, count, weight.Gradient + input, adds || from > 0);
            }
            from += count;
        }
        while (from < rows);
    }

    private static int DepthOf(int length)
    {
        int parts = (length + Depth - 1) / Depth;
        return (length / parts + MatrixKernel.Lanes - 1) / MatrixKernel.Lanes * MatrixKernel.Lanes;
    }

    /// <summary>The gradients of 64 columns of W. dy is read down its columns where it lies: packing it as well gains nothing.</summary>
    private void GradientPanel(float* dy, int rows, float* gradient, bool adds)
    {
        int output = 0;
        for (; output + MatrixKernel.Rows <= outputs; output += MatrixKernel.Rows)
        {
            MatrixKernel.MultiplyTile(dy + output, 1, panel.Pointer, MatrixKernel.Columns, rows, gradient + (long)output * inputs, inputs, null, adds, outputs);
        }
        if (output < outputs)
        {
            float* tile = stackalloc float[MatrixKernel.Rows * MatrixKernel.Columns];
            MatrixKernel.MultiplyTile(dy + output, 1, panel.Pointer, MatrixKernel.Columns, rows, tile, MatrixKernel.Columns, null, accumulate: false, outputs);
            for (; output < outputs; output++, tile += MatrixKernel.Columns)
            {
                float* row = gradient + (long)output * inputs;
                for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
                {
                    (adds ? Vector512.Load(tile + i) + Vector512.Load(row + i) : Vector512.Load(tile + i)).Store(row + i);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gelu(float* tile, float* slope)
    {
        for (int row = 0; row < MatrixKernel.Rows; row++, tile += outputs, slope += outputs)
        {
            for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
            {
                (Vector512<float> value, Vector512<float> derivative) = VectorMath.GeluAndSlope(Vector512.Load(tile + i));
                value.Store(tile + i);
                derivative.Store(slope + i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(float* tile, float* factors)
    {
        for (int row = 0; row < MatrixKernel.Rows; row++, tile += inputs, factors += MatrixKernel.Columns)
        {
            for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
            {
                (Vector512.Load(tile + i) * Vector512.Load(factors + i)).Store(tile + i);
            }
        }
    }
}
