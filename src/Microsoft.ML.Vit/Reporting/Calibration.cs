namespace Microsoft.ML.Vit.Reporting;

/// <summary>
/// Whether probabilities mean what they say: of images classified with a confidence of about 80 %, about 80 % should be right. The expected calibration error is
/// Guo et al.'s (2017, arXiv 1706.04599): the mean distance of confidence and accuracy over bins of confidence, weighted by their images.
/// </summary>
internal sealed class Calibration
{
    /// <summary>Bins of equal width over confidences from 0 to 1.</summary>
    public const int Bins = 10;

    private readonly long[] _counts = new long[Bins];
    private readonly long[] _right = new long[Bins];
    private readonly double[] _confidence = new double[Bins];

    /// <summary>The expected calibration error, 0 to 1; NaN before the first image.</summary>
    public double Error => Enumerable.Range(0, Bins).Sum(bin => Math.Abs(_right[bin] - _confidence[bin])) / _counts.Sum();

    /// <summary>Adds an image.</summary>
    /// <param name="confidence">The probability of the predicted class.</param>
    /// <param name="right">Whether it is the right one.</param>
    public void Add(double confidence, bool right)
    {
        int bin = Math.Clamp((int)Math.Ceiling(confidence * Bins) - 1, 0, Bins - 1);
        _counts[bin]++;
        _right[bin] += right ? 1 : 0;
        _confidence[bin] += confidence;
    }

    /// <summary>A bin's images, the share of them classified right, and their mean confidence; the last two are NaN where there are none.</summary>
    public (long Count, double Accuracy, double Confidence) this[int bin] =>
        (_counts[bin], (double)_right[bin] / _counts[bin], _confidence[bin] / _counts[bin]);
}
