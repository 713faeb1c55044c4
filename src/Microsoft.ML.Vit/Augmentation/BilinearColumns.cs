using System.Numerics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>For each column of a widened image, the two input columns that it lies between and their shares.</summary>
internal sealed class BilinearColumns
{
    private readonly int[] _left;
    private readonly int[] _right;
    private readonly float[] _leftShare;
    private readonly float[] _rightShare;

    /// <param name="input">Columns of the input.</param>
    /// <param name="output">Columns of the output.</param>
    public BilinearColumns(int input, int output)
    {
        (_left, _right, _leftShare, _rightShare) = (new int[output], new int[output], new float[output], new float[output]);
        for (int x = 0; x < output; x++)
        {
            (_left[x], _rightShare[x]) = Between(x, input, output);
            _right[x] = Math.Min(_left[x] + 1, input - 1);
            _leftShare[x] = 1 - _rightShare[x];
        }
    }

    /// <summary>Where an output position falls between input positions, pixels being areas (half-pixel centres), the border repeated.</summary>
    public static (int First, float Share) Between(int position, int input, int output)
    {
        float at = (position + 0.5f) * input / output - 0.5f;
        if (at <= 0)
        {
            return (0, 0);
        }
        int first = (int)at;
        return first >= input - 1 ? (input - 1, 0) : (first, at - first);
    }

    /// <summary>Widens a row.</summary>
    public void Widen<T>(ReadOnlySpan<T> row, Span<float> to)
        where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<int> left = _left.AsSpan(0, to.Length);
        ReadOnlySpan<int> right = _right.AsSpan(0, to.Length);
        ReadOnlySpan<float> leftShare = _leftShare.AsSpan(0, to.Length);
        ReadOnlySpan<float> rightShare = _rightShare.AsSpan(0, to.Length);
        for (int x = 0; x < to.Length; x++)
        {
            to[x] = float.CreateTruncating(row[left[x]]) * leftShare[x] + float.CreateTruncating(row[right[x]]) * rightShare[x];
        }
    }
}
