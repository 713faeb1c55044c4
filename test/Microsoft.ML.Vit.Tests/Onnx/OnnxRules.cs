using Microsoft.ML.Vit.Onnx;
using static Microsoft.ML.Vit.Onnx.TensorProto.Types;

namespace Microsoft.ML.Vit.Tests.Onnx;

/// <summary>What onnx's checker asks of a model (it is Python and not here), and that every value is declared with its type and shape.</summary>
internal static class OnnxRules
{
    /// <summary>Fails with the rules that are broken.</summary>
    public static void AssertKept(ModelProto model, object source)
    {
        IReadOnlyList<string> broken = Broken(model);
        Assert.IsEmpty(broken, $"{source}:\n{string.Join('\n', broken)}");
    }

    private static List<string> Broken(ModelProto model)
    {
        var broken = new List<string>();
        GraphProto graph = model.Graph;
        void Require(bool rule, string message)
        {
            if (!rule)
            {
                broken.Add(message);
            }
        }
        Require(model.IrVersion is >= 8 and <= 10, $"IR version {model.IrVersion}");
        Require(model.OpsetImport is [{ Domain: "", Version: >= 17 }], "one import of ONNX's own operators");
        Require(model.ProducerName.Length > 0 && graph.Name.Length > 0, "producer and graph have names");
        Require(model.MetadataProps.Select(entry => entry.Key).Distinct().Count() == model.MetadataProps.Count, "metadata keys are unique");

        var defined = new HashSet<string>();
        foreach (string name in graph.Input.Select(input => input.Name).Concat(graph.Initializer.Select(tensor => tensor.Name)))
        {
            Require(name.Length > 0 && defined.Add(name), $"'{name}' is defined twice");
        }
        foreach (NodeProto node in graph.Node)
        {
            Require(node.OpType.Length > 0 && node.Name.Length > 0, $"node '{node.Name}' has a name and an operator");
            foreach (string input in node.Input.Where(input => input.Length > 0))
            {
                Require(defined.Contains(input), $"'{node.Name}' reads '{input}' before it is defined");
            }
            foreach (string output in node.Output)
            {
                Require(defined.Add(output), $"'{output}' is defined twice");
            }
            Require(node.Attribute.Select(attribute => attribute.Name).Distinct().Count() == node.Attribute.Count, $"'{node.Name}' has an attribute twice");
            Require(node.Attribute.All(attribute => attribute.Type != AttributeProto.Types.AttributeType.Undefined), $"'{node.Name}' has an attribute without type");
        }
        Require(graph.Node.Select(node => node.Name).Distinct().Count() == graph.Node.Count, "node names are unique");

        string[] outputs = [.. graph.Output.Select(output => output.Name)];
        Require(outputs.Length > 0 && outputs.All(defined.Contains), "outputs are defined");
        string[] computed = [.. graph.Node.SelectMany(node => node.Output).Except(outputs).Order()];
        Require(computed.SequenceEqual(graph.ValueInfo.Select(value => value.Name).Order()), "each computed value is declared once");
        foreach (ValueInfoProto value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            Require(Enum.IsDefined((DataType)value.Type.TensorType.ElemType) && value.Type.TensorType.ElemType != 0, $"'{value.Name}' has a type");
            Require(value.Type.TensorType.Shape.Dim.All(dimension => dimension.DimParam.Length > 0 || dimension.DimValue > 0), $"'{value.Name}' has a shape: {value.Type}");
        }
        foreach (TensorProto tensor in graph.Initializer)
        {
            long bytes = tensor.Dims.Aggregate(1L, (product, size) => product * size) * ((DataType)tensor.DataType is DataType.Int64 or DataType.Double ? 8 : 4);
            bool isExternal = tensor.DataLocation == DataLocation.External;
            Require((DataType)tensor.DataType is DataType.Float or DataType.Int64 or DataType.Double, $"'{tensor.Name}' has a type");
            Require(tensor.RawData.Length == (isExternal ? 0 : bytes), $"'{tensor.Name}' has {tensor.RawData.Length} bytes, its shape {bytes}");
            Require(!isExternal || tensor.ExternalData.Single(entry => entry.Key == "length").Value == $"{bytes}", $"'{tensor.Name}' says how many bytes lie elsewhere");
        }
        string[] used = [.. graph.Node.SelectMany(node => node.Input).Concat(outputs)];
        Require(defined.All(used.Contains), $"of no use: {string.Join(", ", defined.Except(used))}");
        return broken;
    }
}
