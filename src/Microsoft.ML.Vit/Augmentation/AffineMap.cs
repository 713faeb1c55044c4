namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Where a pixel of the result comes from: (x, y) from (A x + B y + C, D x + E y + F), pixels being areas whose centres lie at halves.</summary>
internal readonly record struct AffineMap(double A, double B, double C, double D, double E, double F)
{
    /// <summary>Turns about the image's centre, counter-clockwise.</summary>
    public static AffineMap Rotation(double degrees, PixelSize size)
    {
        double angle = -degrees * Math.PI / 180;
        // Right angles come out exact, as Pillow has them.
        double cos = Math.Round(Math.Cos(angle), 15);
        double sin = Math.Round(Math.Sin(angle), 15);
        double x = size.Width / 2.0;
        double y = size.Height / 2.0;
        return new(cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y);
    }

    /// <summary>Row y comes from factor x y to the right.</summary>
    public static AffineMap ShearX(double factor) => new(1, factor, 0, 0, 1, 0);

    /// <summary>Column x comes from factor x x further down.</summary>
    public static AffineMap ShearY(double factor) => new(1, 0, 0, factor, 1, 0);

    /// <summary>Pixels come from so far to the right and below.</summary>
    public static AffineMap Translation(double right, double down) => new(1, 0, right, 0, 1, down);
}
