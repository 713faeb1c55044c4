namespace Microsoft.ML.Vit;

/// <summary>The filter that resizes an image. All but nearest widen with the reduction (antialiased), as Pillow's do. Values are Pillow's.</summary>
public enum Interpolation
{
    /// <summary>The nearest pixel.</summary>
    Nearest = 0,

    /// <summary>Lanczos, three lobes.</summary>
    Lanczos = 1,

    /// <summary>Triangle filter.</summary>
    Bilinear = 2,

    /// <summary>Cubic convolution with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>Mean over the area.</summary>
    Box = 4,

    /// <summary>Hamming-windowed sinc, one lobe.</summary>
    Hamming = 5,
}
