using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// The weights of y = x Wᵀ + b in the order in which the product reads them: panels of 64 outputs, in each of them input after input; the last is filled up by zeros. Read-only once made, so safe for many
/// threads.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    // Inputs of a panel that are multiplied at a time: with 64 outputs 128 KiB, which stay in the second-level cache while the rows of x go by.
    private const int Depth = 512;

    // Floats of the next panel that are asked for at a time, at least: half a cache line.
    private const int LeastAhead = 8;

    private readonly NativeFloats _weights;
    private readonly NativeFloats _bias;
    private readonly int _inputs;
    private readonly int _outputs;

    /// <summary>Packs a copy.</summary>
    /// <param name="weights">W (outputs, inputs).</param>
    /// <param name="bias">b (outputs); empty for none.</param>
    /// <param name="scale">A factor for each output, LayerScale for example; empty for none.</param>
    /// <param name="inputs">Columns of W.</param>
    public PackedMatrix(ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, ReadOnlySpan<float> scale, int inputs)
    {
        int outputs = weights.Length / inputs;
        _inputs = inputs;
        _outputs = (outputs + MatrixKernel.Columns - 1) / MatrixKernel.Columns * MatrixKernel.Columns;
        _weights = new NativeFloats((long)_outputs * inputs);
        _bias = new NativeFloats(_outputs);
        for (int output = 0; output < outputs; output++)
        {
            _bias.Pointer[output] = bias.IsEmpty ? 0 : bias[output] * (scale.IsEmpty ? 1 : scale[output]);
        }
        for (int first = 0; first < outputs; first += MatrixKernel.Columns)
        {
            float* panel = _weights.Pointer + (long)first * inputs;
            // A few inputs at a time, so that what is written in columns stays in the cache meanwhile.
            for (int from = 0; from < inputs; from += MatrixKernel.Lanes)
            {
                int count = Math.Min(MatrixKernel.Lanes, inputs - from);
                for (int column = 0; column < Math.Min(MatrixKernel.Columns, outputs - first); column++)
                {
                    float factor = scale.IsEmpty ? 1 : scale[first + column];
                    ReadOnlySpan<float> row = weights.Slice((first + column) * inputs + from, count);
                    for (int i = 0; i < row.Length; i++)
                    {
                        panel[(from + i) * MatrixKernel.Columns + column] = row[i] * factor;
                    }
                }
            }
        }
    }

    /// <summary>Floats of a row of y: as many as there are outputs, or up to the next multiple of 64.</summary>
    public int Outputs => _outputs;

    /// <summary>Whether rows of y have this length.</summary>
    public static bool IsWhole(long outputs) => outputs % MatrixKernel.Columns == 0;

    /// <summary>The product for rows of x. It is done for six rows at a time, so memory of up to five more must be there; what stands there afterwards means nothing.</summary>
    /// <param name="x">First row of x (rows, inputs).</param>
    /// <param name="rows">How many.</param>
    /// <param name="y">First row of y (rows, <see cref="Outputs"/>).</param>
    /// <param name="addsToY">Whether it is added to what y holds.</param>
    /// <param name="gelu">Whether the exact GELU follows.</param>
    public void Multiply(float* x, int rows, float* y, bool addsToY = false, bool gelu = false)
    {
        // Each panel is fetched while the one before it is multiplied; otherwise the first tile of every panel waits for memory.
        int tiles = (rows + MatrixKernel.Rows - 1) / MatrixKernel.Rows, aheadStep = Math.Max(LeastAhead, MatrixKernel.Columns / Math.Max(1, tiles));
        int aheadTiles = MatrixKernel.Columns / aheadStep;
        for (int from = 0; from < _inputs; from += Depth)
        {
            int depth = Math.Min(Depth, _inputs - from);
            bool last = from + depth == _inputs;
            for (int output = 0; output < _outputs; output += MatrixKernel.Columns)
            {
                float* panel = _weights.Pointer + (long)output * _inputs + (long)from * MatrixKernel.Columns;
                float* start = from == 0 ? _bias.Pointer + output : null;
                float* next = output + MatrixKernel.Columns < _outputs ? panel + ((long)_inputs * MatrixKernel.Columns) : last ? null : _weights.Pointer + ((long)(from + Depth) * MatrixKernel.Columns);
                for (int tileIndex = 0; tileIndex < tiles; tileIndex++)
                {
                    long row = (long)tileIndex * MatrixKernel.Rows;
                    float* tile = y + row * _outputs + output, ahead = tileIndex < aheadTiles && next != null ? next + ((long)tileIndex * depth * aheadStep) : null;
                    MatrixKernel.MultiplyTile(
                        x + row * _inputs + from, _inputs, panel, MatrixKernel.Columns, depth, tile, _outputs, start, addsToY || from > 0, ahead: ahead, aheadStep: ahead == null ? 0 : aheadStep);
                    if (gelu && last)
                    {
                        Gelu(tile, _outputs);
                    }
                }
            }
        }
    }

    /// <summary>Frees the copy.</summary>
    public void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gelu(float* tile, nint stride)
    {
        for (int row = 0; row < MatrixKernel.Rows; row++, tile += stride)
        {
            for (int column = 0; column < MatrixKernel.Columns; column += MatrixKernel.Lanes)
            {
                VectorMath.Gelu(Vector512.Load(tile + column)).Store(tile + column);
            }
        }
    }
}
