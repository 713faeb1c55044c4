using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Reporting;

/// <summary>A row as a model gives it, with its label as text.</summary>
public sealed class ScoredImage
{
    public string Label { get; set; } = "";

    public float[] Score { get; set; } = [];

    [VectorType(3 * 16 * 16)]
    public float[] Features { get; set; } = [];

    public string ImagePath { get; set; } = "";
}
