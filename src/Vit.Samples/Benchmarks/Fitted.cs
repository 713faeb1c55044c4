using Microsoft.ML;

namespace Vit.Samples.Benchmarks;

/// <summary>What a way of learning gave: the model, which reads image files, the time it took, and how far it came in that time.</summary>
internal sealed record Fitted(ITransformer Model, double Seconds, string Extent);
