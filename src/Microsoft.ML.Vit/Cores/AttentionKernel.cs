using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// softmax(Q Kᵀ / √d) V of one head of one image: six queries at a time, whose weights for all keys stay in the first-level cache. Reads queries, keys and values where the packed projection wrote them.
/// One per thread.
/// </summary>
internal sealed unsafe class AttentionKernel : IDisposable
{
    private readonly int _tokens;
    private readonly int _paddedTokens;
    private readonly int _headSize;
    private readonly float _exponent; // of two: log2(e) / √d
    private readonly NativeFloats _keys; // (d, padded tokens)
    private readonly NativeFloats _values; // (tokens, d)
    private readonly NativeFloats _weights; // (6, padded tokens)

    /// <summary>Allocates what a head needs.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="headSize">d, a multiple of 16.</param>
    public AttentionKernel(int tokens, int headSize)
    {
        _tokens = tokens;
        _paddedTokens = (tokens + MatrixKernel.Lanes - 1) / MatrixKernel.Lanes * MatrixKernel.Lanes;
        _headSize = headSize;
        _exponent = RowSoftmax.Exponent(headSize);
        _keys = new NativeFloats((long)_paddedTokens * headSize);
        _values = new NativeFloats((long)tokens * headSize);
        _weights = new NativeFloats((long)_paddedTokens * MatrixKernel.Rows);
    }

    /// <summary>Takes a head's keys and values, for all queries that follow.</summary>
    /// <param name="keys">First of T rows.</param>
    /// <param name="values">First of T rows.</param>
    /// <param name="stride">Floats from token to token.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* keys, float* values, nint stride)
    {
        float* transposed = _keys.Pointer, copy = _values.Pointer;
        int size = _headSize;
        nint padded = _paddedTokens;
        for (int token = 0; token < _tokens; token++, keys += stride, values += stride, copy += size)
        {
            float* column = transposed + token;
            for (int i = 0; i < size; i++)
            {
                column[i * padded] = keys[i];
            }
            for (int i = 0; i < size; i += MatrixKernel.Lanes)
            {
                Vector512.Load(values + i).Store(copy + i);
            }
        }
    }

    /// <summary>The head's output for queries. It is done for six at a time, so memory of up to five more must be there; what stands in the output there afterwards means nothing.</summary>
    /// <param name="queries">First query.</param>
    /// <param name="stride">Floats from query to query.</param>
    /// <param name="count">How many.</param>
    /// <param name="output">The first query's output.</param>
    /// <param name="outputStride">Floats from output to output.</param>
    public void Attend(float* queries, nint stride, int count, float* output, nint outputStride)
    {
        float* weights = _weights.Pointer;
        float* shares = stackalloc float[MatrixKernel.Rows];
        for (int row = 0; row < count; row += MatrixKernel.Rows)
        {
            float* target = output + row * outputStride;
            MatrixKernel.MultiplyRows(queries + row * stride, stride, _keys.Pointer, _paddedTokens, _headSize, weights, _paddedTokens, _paddedTokens);
            for (int i = 0; i < MatrixKernel.Rows; i++)
            {
                shares[i] = 1 / RowSoftmax.Exponentials(weights + (nint)i * _paddedTokens, _tokens, _exponent);
            }
            MatrixKernel.MultiplyRows(weights, _paddedTokens, _values.Pointer, _headSize, _tokens, target, outputStride, _headSize);
            Scale(target, outputStride, shares);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
        _weights.Dispose();
    }

    private void Scale(float* output, nint stride, float* factors)
    {
        for (int row = 0; row < MatrixKernel.Rows; row++, output += stride)
        {
            for (int i = 0; i < _headSize; i += MatrixKernel.Lanes)
            {
                (Vector512.Load(output + i) * factors[row]).Store(output + i);
            }
        }
    }
}
