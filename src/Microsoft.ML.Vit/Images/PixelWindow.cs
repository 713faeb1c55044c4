namespace Microsoft.ML.Vit.Images;

/// <summary>A part of an image.</summary>
/// <param name="Top">The first row.</param>
/// <param name="Left">The first column.</param>
/// <param name="Size">Rows and columns.</param>
internal readonly record struct PixelWindow(int Top, int Left, PixelSize Size);
