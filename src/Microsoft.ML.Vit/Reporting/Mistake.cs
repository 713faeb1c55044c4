namespace Microsoft.ML.Vit.Reporting;

/// <summary>An image that was classified wrong.</summary>
/// <param name="Actual">Its class.</param>
/// <param name="Predicted">The class it was taken for.</param>
/// <param name="Confidence">The probability given to that class.</param>
/// <param name="ActualProbability">The probability given to its own.</param>
/// <param name="Where">What the image is found by: the end of its path, or its row.</param>
/// <param name="Picture">It as a PNG file; null where it could not be read.</param>
internal sealed record Mistake(int Actual, int Predicted, float Confidence, float ActualProbability, string Where, Thumbnail? Picture);
