namespace Microsoft.ML.Vit.Reporting;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Style">Its class in the style sheet.</param>
/// <param name="Values">A value an epoch, from the first on; the line is broken where there is none.</param>
internal sealed record ChartSeries(string Name, string Style, IReadOnlyList<double?> Values);
