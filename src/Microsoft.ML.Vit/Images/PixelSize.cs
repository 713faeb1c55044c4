using System.Globalization;

namespace Microsoft.ML.Vit;

/// <summary>A size in pixels. A whole number converts to a square: <c>ImageSize = 224</c>.</summary>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
public readonly record struct PixelSize(int Height, int Width)
{
    /// <summary>A square of the given side.</summary>
    /// <param name="side">Rows and columns of pixels.</param>
    public static implicit operator PixelSize(int side) => new(side, side);

    /// <summary>Height by width, as in <c>224x224</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Height}x{Width}");
}
