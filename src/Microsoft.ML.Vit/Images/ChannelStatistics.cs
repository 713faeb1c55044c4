namespace Microsoft.ML.Vit.Images;

/// <summary>
/// Mean and standard deviation of each channel over a stream of float images, for <see cref="Preprocessing.Mean"/> and <see cref="Preprocessing.Std"/>
/// with a rescale factor of 1: float vectors come in any range. Planes are merged by Chan, Golub and LeVeque's update, in double precision.
/// </summary>
/// <param name="channels">Planes of an image.</param>
internal sealed class ChannelStatistics(int channels)
{
    private readonly double[] _means = new double[channels];
    private readonly double[] _squares = new double[channels];
    private long _count;

    /// <summary>Takes in one image.</summary>
    /// <param name="image">channels x height x width finite values.</param>
    public void Add(ReadOnlySpan<float> image)
    {
        int length = image.Length / channels;
        double share = (double)length / (_count + length);
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> plane = image.Slice(channel * length, length);
            double sum = 0;
            foreach (float value in plane)
            {
                sum += value;
            }
            double mean = sum / length;
            double squares = 0;
            foreach (float value in plane)
            {
                squares += (value - mean) * (value - mean);
            }
            double delta = mean - _means[channel];
            _means[channel] += delta * share;
            _squares[channel] += squares + delta * delta * share * _count;
        }
        _count += length;
    }

    /// <summary>Mean per channel; 0 before the first image.</summary>
    public double[] Mean() => [.. _means];

    /// <summary>Standard deviation per channel (dividing by the count); 1 where all values are the same, so that one can divide by it.</summary>
    public double[] Std() => [.. _squares.Select(sum => sum > 0 ? Math.Sqrt(sum / _count) : 1)];
}
