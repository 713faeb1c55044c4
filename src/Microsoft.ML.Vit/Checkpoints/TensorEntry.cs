namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>What a container says of one tensor.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its sizes; empty for a scalar.</param>
internal abstract record TensorEntry(string Name, SafetensorsType Type, IReadOnlyList<long> Shape)
{
    /// <summary>The shape as text: (3, 224).</summary>
    public string ShapeText => $"({string.Join(", ", Shape)})";

    /// <summary>How many values it has; containers are only opened where this does not overflow.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
