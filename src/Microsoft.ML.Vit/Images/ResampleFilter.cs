namespace Microsoft.ML.Vit.Images;

/// <summary>The kernels of Pillow's antialiased filters: weight as a function of the distance in pixels, zero beyond <see cref="Support"/>.</summary>
internal static class ResampleFilter
{
    /// <summary>Half the kernel's width in pixels, before it is widened by a reduction.</summary>
    public static double Support(Interpolation filter) => filter switch
    {
        Interpolation.Box => 0.5,
        Interpolation.Bilinear or Interpolation.Hamming => 1,
        Interpolation.Bicubic => 2,
        Interpolation.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Expected a filter with a kernel: Box, Bilinear, Hamming, Bicubic or Lanczos."),
    };

    /// <summary>The kernel's weight at a distance, before normalisation.</summary>
    public static double Weight(Interpolation filter, double x) => filter switch
    {
        // Open on one side, so that a pixel on the border of two areas counts once.
        Interpolation.Box => x > -0.5 && x <= 0.5 ? 1 : 0,
        Interpolation.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        Interpolation.Hamming => Hamming(Math.Abs(x)),
        Interpolation.Bicubic => Bicubic(Math.Abs(x)),
        Interpolation.Lanczos => x >= -3 && x < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Expected a filter with a kernel: Box, Bilinear, Hamming, Bicubic or Lanczos."),
    };

    /// <summary>Cubic convolution (Keys 1981) with a = -0.5.</summary>
    private static double Bicubic(double x)
    {
        const double A = -0.5;
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }

    private static double Hamming(double x) => x >= 1 ? 0 : Sinc(x) * (0.54 + 0.46 * Math.Cos(Math.PI * x));

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
