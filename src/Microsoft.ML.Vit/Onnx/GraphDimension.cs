namespace Microsoft.ML.Vit.Onnx;

/// <summary>One dimension of a value: a length, or a name for one that is known only when the graph runs.</summary>
/// <param name="Length">The length, where there is no name.</param>
/// <param name="Name">The name.</param>
internal readonly record struct GraphDimension(long Length, string? Name)
{
    /// <summary>A length.</summary>
    public static implicit operator GraphDimension(long length) => new(length, null);

    /// <summary>A name.</summary>
    public static implicit operator GraphDimension(string name) => new(0, name);
}
