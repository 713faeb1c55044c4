using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.Vit.Onnx;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// ONNX Runtime's own int8: a float32 model whose products with weights are of bytes as its tool quantize_dynamic makes them. The input's range is measured each time, a weight has a scale for each output;
/// the runtime fuses the five nodes into one.
/// </summary>
internal static class DynamicInt8
{
    // TensorProto.DataType.
    private const int Float = 1, Int8 = 3;

    /// <summary>Writes the quantised model.</summary>
    /// <param name="source">A model with its weights inside.</param>
    /// <param name="target">The file to write.</param>
    public static void Convert(string source, string target)
    {
        ModelProto model;
        using (FileStream file = File.OpenRead(source))
        {
            model = ModelProto.Parser.ParseFrom(file);
        }
        GraphProto graph = model.Graph;
        Dictionary<string, TensorProto> matrices = graph.Initializer.Where(tensor => tensor.Dims.Count == 2 && tensor.DataType == Float).ToDictionary(tensor => tensor.Name);
        NodeProto[] nodes = [.. graph.Node];
        graph.Node.Clear();
        foreach (NodeProto node in nodes)
        {
            if (node.OpType == "MatMul" && matrices.TryGetValue(node.Input[1], out TensorProto? weights))
            {
                graph.Initializer.Remove(weights);
                graph.Initializer.Add(Quantize(weights));
                graph.Node.Add(Product(node.Input[0], weights.Name, node.Output[0]));
            }
            else
            {
                graph.Node.Add(node);
            }
        }
        using FileStream result = File.Create(target);
        model.WriteTo(result);
    }

    /// <summary>y = x W in bytes.</summary>
    private static NodeProto[] Product(string x, string weights, string y) =>
    [
        Node("DynamicQuantizeLinear", [x], [$"{y}.bytes", $"{y}.inputScale", $"{y}.zero"]),
        Node("MatMulInteger", [$"{y}.bytes", $"{weights}.int8", $"{y}.zero"], [$"{y}.sums"]),
        Node("Cast", [$"{y}.sums"], [$"{y}.floats"], new AttributeProto { Name = "to", I = Float, Type = AttributeProto.Types.AttributeType.Int }),
        Node("Mul", [$"{y}.inputScale", $"{weights}.scale"], [$"{y}.scale"]),
        Node("Mul", [$"{y}.floats", $"{y}.scale"], [y]),
    ];

    private static NodeProto Node(string type, string[] inputs, string[] outputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = type, Name = $"{outputs[0]}.{type}" };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        node.Attribute.Add(attributes);
        return node;
    }

    /// <summary>The bytes of W (in, out), and a scale for each output.</summary>
    private static TensorProto[] Quantize(TensorProto weights)
    {
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(weights.RawData.Span);
        int outputs = (int)weights.Dims[1];
        float[] scales = new float[outputs];
        for (int i = 0; i < values.Length; i++)
        {
            scales[i % outputs] = Math.Max(scales[i % outputs], Math.Abs(values[i]) / sbyte.MaxValue);
        }
        sbyte[] bytes = new sbyte[values.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            float scale = scales[i % outputs];
            bytes[i] = scale == 0 ? (sbyte)0 : (sbyte)MathF.Round(values[i] / scale);
        }
        return
        [
            new TensorProto { Name = $"{weights.Name}.int8", DataType = Int8, Dims = { weights.Dims }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<sbyte>(bytes)) },
            new TensorProto { Name = $"{weights.Name}.scale", DataType = Float, Dims = { outputs }, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(scales)) },
        ];
    }
}
