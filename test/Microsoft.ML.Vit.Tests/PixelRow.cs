using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests;

/// <summary>A row whose image is a vector of floats.</summary>
public sealed class PixelRow
{
    public string Label { get; set; } = "";

    [VectorType(3 * 16 * 16)]
    public float[] Features { get; set; } = [];

    public int Number { get; set; }
}
