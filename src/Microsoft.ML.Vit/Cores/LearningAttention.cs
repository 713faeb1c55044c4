using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// softmax(Q Kᵀ / √d) V of one head of one image, and its gradients. The weights are kept for the backward pass: to compute them once more would take a sixth more arithmetic and all exponentials.
/// Six queries at a time; rows after the last that this overwrites mean nothing. One per thread.
/// </summary>
internal sealed unsafe class LearningAttention : IDisposable
{
    private readonly int _tokens;
    private readonly int _padded; // tokens, to whole vectors
    private readonly int _tiled; // tokens, to whole tiles
    private readonly int _headSize;
    private readonly NativeFloats _transposed; // (d, padded): keys, in the backward pass values
    private readonly NativeFloats _first; // (tokens, d)
    private readonly NativeFloats _second; // (tokens, d)
    private readonly NativeFloats _gradients; // of the scores (tiled, padded)

    /// <summary>Allocates what a head needs.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="headSize">d, a multiple of 16.</param>
    public LearningAttention(int tokens, int headSize)
    {
        _tokens = tokens;
        _padded = Whole(tokens, MatrixKernel.Lanes);
        _tiled = Whole(tokens, MatrixKernel.Rows);
        _headSize = headSize;
        _transposed = new NativeFloats((long)_padded * headSize);
        _first = new NativeFloats((long)_padded * headSize);
        _second = new NativeFloats((long)_padded * headSize);
        _gradients = new NativeFloats(WeightFloats(tokens));
    }

    /// <summary>Memory for one head's weights.</summary>
    public static int WeightFloats(int tokens) => (Whole(tokens, MatrixKernel.Rows) * Whole(tokens, MatrixKernel.Lanes)) + MatrixKernel.Lanes; // a transposed tile may read past the end

    /// <summary>The head's output.</summary>
    /// <param name="qkv">The first token's query, with keys and values a width each behind it; 15 tokens more must be there.</param>
    /// <param name="width">Of a token; from token to token of <paramref name="qkv"/> three times that.</param>
    /// <param name="weights">Where the weights are kept, <see cref="WeightFloats"/>.</param>
    /// <param name="output">The first token's output; the next is a width behind it.</param>
    public void Forward(float* qkv, int width, float* weights, float* output)
    {
        nint stride = 3 * width;
        Transposition.Apply(qkv + width, stride, _padded, _headSize, _transposed.Pointer, _padded);
        Copy(qkv + 2 * width, stride, _first.Pointer, 1);
        float exponent = RowSoftmax.Exponent(_headSize);
        for (nint row = 0; row < _tiled; row += MatrixKernel.Rows)
        {
            float* some = weights + row * _padded;
            MatrixKernel.MultiplyRows(qkv + row * stride, stride, _transposed.Pointer, _padded, _headSize, some, _padded, _padded);
            for (int i = 0; i < MatrixKernel.Rows; i++)
            {
                Scale(some + i * _padded, 1 / RowSoftmax.Exponentials(some + i * _padded, _tokens, exponent));
            }
            MatrixKernel.MultiplyRows(some, _padded, _first.Pointer, _headSize, _tokens, output + row * width, width, _headSize);
        }
    }

    /// <summary>The gradients of queries, keys and values.</summary>
    /// <param name="qkv">As in the forward pass.</param>
    /// <param name="width">As in the forward pass.</param>
    /// <param name="weights">What it kept.</param>
    /// <param name="output">What it gave.</param>
    /// <param name="upstream">The output's gradient, laid out as the output.</param>
    /// <param name="gradient">Where they go, laid out as <paramref name="qkv"/>.</param>
    public void Backward(float* qkv, int width, float* weights, float* output, float* upstream, float* gradient)
    {
        nint stride = 3 * width;
        float* dS = _gradients.Pointer;
        Transposition.Apply(qkv + 2 * width, stride, _padded, _headSize, _transposed.Pointer, _padded);
        // The scores' factor 1 / √d goes with the queries and the keys, of which there are fewer.
        float factor = 1 / MathF.Sqrt(_headSize);
        Copy(qkv + width, stride, _first.Pointer, factor);
        for (nint row = 0; row < _tiled; row += MatrixKernel.Rows)
        {
            float* some = dS + row * _padded;
            MatrixKernel.MultiplyRows(upstream + row * width, width, _transposed.Pointer, _padded, _headSize, some, _padded, _padded);
            for (int i = 0; i < MatrixKernel.Rows; i++)
            {
                float mean = Dot(upstream + (row + i) * width, output + (row + i) * width);
                ScoreGradient(some + i * _padded, weights + (row + i) * _padded, mean);
            }
            MatrixKernel.MultiplyRows(some, _padded, _first.Pointer, _headSize, _tokens, gradient + row * stride, stride, _headSize); // dQ = dS K
        }
        Copy(qkv, stride, _first.Pointer, factor);
        Copy(upstream, width, _second.Pointer, 1);
        for (nint row = 0; row < _tiled; row += MatrixKernel.Rows)
        {
            MatrixKernel.MultiplyRows(dS + row, 1, _first.Pointer, _headSize, _tokens, gradient + width + row * stride, stride, _headSize, _padded); // dK = dSᵀ Q
            MatrixKernel.MultiplyRows(weights + row, 1, _second.Pointer, _headSize, _tokens, gradient + 2 * width + row * stride, stride, _headSize, _padded); // dV = Pᵀ dO
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _transposed.Dispose();
        _first.Dispose();
        _second.Dispose();
        _gradients.Dispose();
    }

    private static int Whole(int count, int unit) => (count + unit - 1) / unit * unit;

    /// <summary>The tokens' rows close together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Copy(float* source, nint stride, float* target, float factor)
    {
        for (int token = 0; token < _tokens; token++, source += stride, target += _headSize)
        {
            for (int i = 0; i < _headSize; i += MatrixKernel.Lanes)
            {
                (Vector512.Load(source + i) * factor).Store(target + i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scale(float* row, float factor)
    {
        for (int i = 0; i < _padded; i += MatrixKernel.Lanes)
        {
            (Vector512.Load(row + i) * factor).Store(row + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Dot(float* x, float* y)
    {
        Vector512<float> sum = default;
        for (int i = 0; i < _headSize; i += MatrixKernel.Lanes)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(y + i), sum);
        }
        return Vector512.Sum(sum);
    }

    /// <summary>From the gradient of a row of weights to that of its scores; their mean under the weights is the output's product with its own gradient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ScoreGradient(float* gradient, float* weights, float mean)
    {
        for (int i = 0; i < _padded; i += MatrixKernel.Lanes)
        {
            ((Vector512.Load(gradient + i) - Vector512.Create(mean)) * Vector512.Load(weights + i)).Store(gradient + i);
        }
    }
}
