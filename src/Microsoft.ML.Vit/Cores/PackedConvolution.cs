namespace Microsoft.ML.Vit.Cores;

/// <summary>A convolution as a product: for each of its pixels a row of what the kernel covers there, times the packed kernels. Its result has the channels of a pixel side by side.</summary>
internal sealed unsafe class PackedConvolution : IDisposable
{
    /// <summary>Floats of the rows that are gathered at a time: they stay in the second-level cache until they are multiplied.</summary>
    private const int Gathered = 160_000;

    private readonly PackedMatrix _kernels;
    private readonly FeatureMap _input;
    private readonly PixelSize _kernel;
    private readonly PixelSize _stride;
    private readonly int _padding;
    private readonly int _length; // of a gathered row
    private readonly int _rowsAtATime;

    /// <summary>Packs a copy.</summary>
    /// <param name="kernels">(out, in, height, width).</param>
    /// <param name="bias">(out); empty for none.</param>
    /// <param name="input">What it reads: a plane, or a channel, for each of the kernels' inputs; channels beyond them count nothing.</param>
    /// <param name="kernel">Height and width of the kernels.</param>
    /// <param name="stride">Pixels from one of its pixels to the next.</param>
    /// <param name="padding">Zeros around the input.</param>
    public PackedConvolution(ReadOnlySpan<float> kernels, ReadOnlySpan<float> bias, FeatureMap input, PixelSize kernel, PixelSize stride, int padding)
    {
        (_input, _kernel, _stride, _padding) = (input, kernel, stride, padding);
        _length = input.Planes * kernel.Height * kernel.Width * input.Channels;
        _rowsAtATime = Math.Max(1, Gathered / _length / MatrixKernel.Rows) * MatrixKernel.Rows;
        int outputs = bias.Length, inputs = kernels.Length / (outputs * kernel.Height * kernel.Width);
        _kernels = new PackedMatrix(input.Planes == inputs ? kernels : ChannelsLast(kernels, outputs, inputs), bias, default, _length);
        Output = new FeatureMap(1, Outputs(input.Height, kernel.Height, stride.Height), Outputs(input.Width, kernel.Width, stride.Width), _kernels.Outputs);
    }

    /// <summary>What it gives.</summary>
    public FeatureMap Output { get; }

    /// <summary>Pixels of the result.</summary>
    public int Rows => Output.Height * Output.Width;

    /// <summary>Floats that <see cref="Apply"/> needs to gather rows in.</summary>
    public int ScratchLength => Math.Min(_rowsAtATime, Rows + MatrixKernel.Rows - 1) * _length;

    /// <summary>Computes pixels of the result, for six at a time, so memory of up to five more must be there; what stands there afterwards means nothing.</summary>
    /// <param name="x">The input.</param>
    /// <param name="from">The first pixel, row by row.</param>
    /// <param name="count">How many.</param>
    /// <param name="scratch">Memory of the caller's own.</param>
    /// <param name="y">The first pixel's result.</param>
    /// <param name="addsToY">Whether it is added to what y holds.</param>
    /// <param name="gelu">Whether the exact GELU follows.</param>
    public void Apply(float* x, int from, int count, float* scratch, float* y, bool addsToY = false, bool gelu = false)
    {
        for (int done = 0; done < count; done += _rowsAtATime)
        {
            int rows = Math.Min(_rowsAtATime, count - done);
            for (int row = 0; row < rows; row++)
            {
                Gather(x, from + done + row, scratch + ((long)row * _length));
            }
            _kernels.Multiply(scratch, rows, y + ((long)done * _kernels.Outputs), addsToY, gelu);
        }
    }

    /// <summary>Frees the kernels.</summary>
    public void Dispose() => _kernels.Dispose();

    /// <summary>What the kernel covers for one pixel of the result: of each plane, row by row, the pixels side by side.</summary>
    private void Gather(float* x, int pixel, float* row)
    {
        int top = (pixel / Output.Width * _stride.Height) - _padding, left = (pixel % Output.Width * _stride.Width) - _padding, channels = _input.Channels;
        int first = Math.Max(left, 0), end = Math.Min(left + _kernel.Width, _input.Width);
        for (int plane = 0; plane < _input.Planes; plane++)
        {
            for (int line = top; line < top + _kernel.Height; line++, row += _kernel.Width * channels)
            {
                var target = new Span<float>(row, _kernel.Width * channels);
                if (line < 0 || line >= _input.Height)
                {
                    target.Clear();
                    continue;
                }
                float* source = x + ((((long)plane * _input.Height) + line) * _input.Width * channels);
                target[..((first - left) * channels)].Clear();
                new ReadOnlySpan<float>(source + ((long)first * channels), (end - first) * channels).CopyTo(target[((first - left) * channels)..]);
                target[((end - left) * channels)..].Clear();
            }
        }
    }

    /// <summary>Kernels (out, in, height, width) as (out, height, width, channels of the input).</summary>
    private float[] ChannelsLast(ReadOnlySpan<float> kernels, int outputs, int inputs)
    {
        int area = _kernel.Height * _kernel.Width;
        float[] result = new float[outputs * area * _input.Channels];
        for (int i = 0; i < kernels.Length; i++)
        {
            int place = i % area, input = i / area % inputs, output = i / area / inputs;
            result[(((output * area) + place) * _input.Channels) + input] = kernels[i];
        }
        return result;
    }

    private int Outputs(int inputs, int kernel, int stride) => ((inputs + (2 * _padding) - kernel) / stride) + 1;
}
