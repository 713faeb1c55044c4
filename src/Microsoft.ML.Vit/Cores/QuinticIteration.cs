using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// Newton-Schulz steps x becomes (a I + b g + c g g) x, g = x xᵀ (for tall matrices xᵀ x, from the right), of one matrix by one core. The polynomials of all steps commute, so only matrices of the smaller
/// side are iterated and x is multiplied once by their product. One per thread. Measured on a Zen 5 core: 150 to 185 GFLOP/s at sides of 128 and 192.
/// </summary>
internal sealed unsafe class QuinticIteration : IDisposable
{
    private readonly int _rows;
    private readonly int _columns;
    private readonly int _side;
    private readonly NativeFloats _panel;
    private readonly NativeFloats _gram;
    private NativeFloats _rest; // b g + c g g
    private NativeFloats _product;
    private NativeFloats _spare;

    /// <summary>Allocates for matrices of a shape that <see cref="CanIterate"/>.</summary>
    public QuinticIteration(int rows, int columns)
    {
        (_rows, _columns, _side) = (rows, columns, Math.Min(rows, columns));
        _panel = new NativeFloats((long)Math.Max(rows, columns) * MatrixKernel.Columns);
        long size = (long)_side * _side;
        (_gram, _rest, _product, _spare) = (new NativeFloats(size), new NativeFloats(size), new NativeFloats(size), new NativeFloats(size));
    }

    private bool IsTall => _rows > _columns;

    /// <summary>Whether processor and shape allow it.</summary>
    public static bool CanIterate(long rows, long columns) => MatrixKernel.IsSupported && PackedMatrix.IsWhole(rows) && PackedMatrix.IsWhole(columns);

    /// <summary>Iterates a matrix.</summary>
    /// <param name="x">(rows, columns), of spectral norm up to 1.</param>
    /// <param name="a">Of the polynomial.</param>
    /// <param name="b">Of the polynomial.</param>
    /// <param name="c">Of the polynomial.</param>
    /// <param name="steps">1 or more.</param>
    /// <param name="result">(rows, columns).</param>
    public void Run(float* x, float a, float b, float c, int steps, float* result)
    {
        if (IsTall)
        {
            Multiply(x, 1, _columns, x, _columns, _rows, _side, _side, _gram.Pointer);
        }
        else
        {
            Multiply(x, _columns, 1, x, _columns, _columns, _side, _side, _gram.Pointer, transposesB: true);
        }
        Square(_gram, _gram, _rest, b, c);
        new Span<float>(_rest.Pointer, _side * _side).CopyTo(new Span<float>(_product.Pointer, _side * _side));
        for (int i = 0; i < _side; i++)
        {
            _product.Pointer[(long)i * _side + i] += a;
        }
        for (int step = 1; step < steps; step++)
        {
            Square(_gram, _rest, _spare, a, 1); // p g
            Square(_spare, _rest, _gram, a, 1); // p g p
            Square(_gram, _gram, _spare, b, c);
            (_rest, _spare) = (_spare, _rest);
            Square(_product, _rest, _spare, a, 1);
            (_product, _spare) = (_spare, _product);
        }
        if (IsTall)
        {
            Multiply(x, _columns, 1, _product.Pointer, _side, _side, _rows, _columns, result);
        }
        else
        {
            Multiply(_product.Pointer, _side, 1, x, _columns, _side, _rows, _columns, result);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (IDisposable part in (IDisposable[])[_panel, _gram, _rest, _product, _spare])
        {
            part.Dispose();
        }
    }

    /// <summary>result = own * left + share * left right, all of the smaller side.</summary>
    private void Square(NativeFloats left, NativeFloats right, NativeFloats result, float own, float share) =>
        Multiply(left.Pointer, _side, 1, right.Pointer, _side, _side, _side, _side, result.Pointer, left.Pointer, own, share);

    /// <summary>result (rows, columns) = own * added + share * A B, panel by panel of B. Where rows are no whole tiles, the last tile begins earlier and computes some rows twice.</summary>
    private void Multiply(
        float* a, nint strideA, nint stepA, float* b, nint strideB, int k, int rows, int columns, float* result, float* added = null, float own = 0, float share = 1, bool transposesB = false)
    {
        float* tile = stackalloc float[MatrixKernel.Rows * MatrixKernel.Columns];
        for (int column = 0; column < columns; column += MatrixKernel.Columns)
        {
            if (transposesB)
            {
                Transposition.Apply(b + column * strideB, strideB, MatrixKernel.Columns, k, _panel.Pointer, MatrixKernel.Columns);
            }
            else
            {
                Panels.Copy(b + column, strideB, k, _panel.Pointer);
            }
            for (int row = 0; row < rows; row += MatrixKernel.Rows)
            {
                int first = Math.Min(row, rows - MatrixKernel.Rows);
                long at = ((long)first * columns) + column;
                MatrixKernel.MultiplyTile(a + first * strideA, strideA, _panel.Pointer, MatrixKernel.Columns, k, tile, MatrixKernel.Columns, null, accumulate: false, stepA);
                Combine(tile, added == null ? null : added + at, own, share, result + at, columns);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Combine(float* tile, float* added, float own, float share, float* result, nint stride)
    {
        for (int row = 0; row < MatrixKernel.Rows; row++, tile += MatrixKernel.Columns, result += stride)
        {
            for (int i = 0; i < MatrixKernel.Columns; i += MatrixKernel.Lanes)
            {
                Vector512<float> value = Vector512.Load(tile + i) * share;
                (added == null ? value : Vector512.FusedMultiplyAdd(Vector512.Load(added + row * stride + i), Vector512.Create(own), value)).Store(result + i);
            }
        }
    }
}
