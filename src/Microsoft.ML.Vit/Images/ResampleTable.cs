namespace Microsoft.ML.Vit.Images;

/// <summary>
/// What one pass of a resampling needs along one axis: for each output position the first input position, how many follow, and their weights
/// in fixed point. Rounding and widening follow Pillow (Resample.c), so that the results are the same bytes.
/// </summary>
internal sealed class ResampleTable
{
    /// <summary>Fraction bits of the weights: 8 for the pixel and 2 of headroom for negative lobes leave 22 of an int.</summary>
    public const int FractionBits = 22;

    private readonly int _stride;
    private readonly int[] _weights;
    private readonly int[] _starts;
    private readonly int[] _counts;

    /// <summary>Computes the weights.</summary>
    /// <param name="input">Input length, above 0.</param>
    /// <param name="output">Output length, above 0.</param>
    /// <param name="filter">Any but nearest.</param>
    /// <param name="first">The first output position that is wanted; the table's position 0.</param>
    /// <param name="length">How many are wanted, above 0.</param>
    public ResampleTable(int input, int output, Interpolation filter, int first, int length)
    {
        double scale = (double)input / output;
        // Widening the kernel with the reduction is the antialiasing; an enlargement leaves it as it is.
        double widening = Math.Max(scale, 1);
        double support = ResampleFilter.Support(filter) * widening;
        _stride = (int)Math.Ceiling(support) * 2 + 1;
        _weights = new int[checked(_stride * length)];
        _starts = new int[length];
        _counts = new int[length];
        double[] exact = new double[_stride];
        for (int position = 0; position < length; position++)
        {
            double centre = (first + position + 0.5) * scale;
            int start = Math.Max(0, (int)(centre - support + 0.5));
            int count = Math.Min(input, (int)(centre + support + 0.5)) - start;
            double sum = 0;
            for (int i = 0; i < count; i++)
            {
                exact[i] = ResampleFilter.Weight(filter, (i + start - centre + 0.5) * (1 / widening));
                sum += exact[i];
            }
            Span<int> weights = _weights.AsSpan(position * _stride, count);
            for (int i = 0; i < count; i++)
            {
                double weight = sum == 0 ? exact[i] : exact[i] / sum;
                weights[i] = (int)(Math.CopySign(0.5, weight) + weight * (1 << FractionBits));
            }
            _starts[position] = start;
            _counts[position] = count;
        }
    }

    /// <summary>Output positions.</summary>
    public int Length => _starts.Length;

    /// <summary>The first input position that an output position reads.</summary>
    public int Start(int position) => _starts[position];

    /// <summary>The end of the input positions that any output position reads.</summary>
    public int End => _starts[^1] + _counts[^1];

    /// <summary>The weights of the input positions from <see cref="Start"/> on.</summary>
    public ReadOnlySpan<int> Weights(int position) => _weights.AsSpan(position * _stride, _counts[position]);
}
