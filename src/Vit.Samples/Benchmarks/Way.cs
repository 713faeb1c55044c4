using Microsoft.ML;

namespace Vit.Samples.Benchmarks;

/// <summary>A way to learn classes from rows of ImagePath and Label.</summary>
internal sealed record Way(string Name, Func<IDataView, Fitted> Fit);
