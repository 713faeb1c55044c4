namespace Microsoft.ML.Vit.Onnx;

/// <summary>A value of a graph: an input, an initializer or what a node gives.</summary>
/// <param name="Name">Its name, unique in the graph.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its dimensions.</param>
internal sealed record GraphValue(string Name, TensorProto.Types.DataType Type, GraphDimension[] Shape)
{
    /// <summary>Stands where a node's input is left out.</summary>
    public static GraphValue Absent { get; } = new("", TensorProto.Types.DataType.Undefined, []);

    /// <summary>As it is declared in the file.</summary>
    public ValueInfoProto ToProto()
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(Shape.Select(dimension => dimension.Name is { } name
            ? new TensorShapeProto.Types.Dimension { DimParam = name }
            : new TensorShapeProto.Types.Dimension { DimValue = dimension.Length }));
        return new ValueInfoProto { Name = Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)Type, Shape = shape } } };
    }
}
