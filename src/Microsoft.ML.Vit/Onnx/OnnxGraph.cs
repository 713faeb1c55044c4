using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using static Microsoft.ML.Vit.Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>
/// A graph under construction: nodes in the order in which they are added, which is the order of computation, and every value with its type and shape.
/// </summary>
/// <param name="opset">Version of the operators.</param>
internal sealed class OnnxGraph(int opset)
{
    private readonly GraphProto _proto = new() { Name = "VisionTransformer" };
    private readonly List<GraphValue> _computed = [];
    private readonly Dictionary<string, GraphValue> _constants = [];
    private readonly List<(TensorProto Proto, Tensor Values)> _weights = [];
    private readonly HashSet<string> _names = [];

    /// <summary>Version of the operators.</summary>
    public int Opset => opset;

    /// <summary>The weights, whose values are not yet in the graph: whoever writes it decides where they go.</summary>
    public IReadOnlyList<(TensorProto Proto, Tensor Values)> Weights => _weights;

    /// <summary>Adds an input.</summary>
    public GraphValue AddInput(string name, DataType type, params GraphDimension[] shape)
    {
        GraphValue value = NewValue(name, type, shape);
        _proto.Input.Add(value.ToProto());
        return value;
    }

    /// <summary>Adds a weight, in float32. The tensor is read when the graph is written.</summary>
    public GraphValue AddWeight(string name, Tensor values)
    {
        GraphValue value = NewValue(name, DataType.Float, [.. values.shape]);
        TensorProto proto = Initializer(value);
        _weights.Add((proto, values));
        return value;
    }

    /// <summary>A constant vector of whole numbers.</summary>
    public GraphValue Integers(params long[] values) => Constant($"int64_{string.Join('_', values)}", DataType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values));

    /// <summary>A constant vector of doubles.</summary>
    public GraphValue Doubles(params double[] values) =>
        Constant($"double_{string.Join('_', values.Select(value => value.ToString(CultureInfo.InvariantCulture)))}", DataType.Double, [values.Length], MemoryMarshal.AsBytes<double>(values));

    /// <summary>A constant whole number.</summary>
    public GraphValue Integer(long value) => Constant(string.Create(CultureInfo.InvariantCulture, $"scalar_int64_{value}"), DataType.Int64, [], MemoryMarshal.AsBytes<long>([value]));

    /// <summary>A constant number.</summary>
    public GraphValue Number(double value) =>
        Constant(string.Create(CultureInfo.InvariantCulture, $"scalar_float_{(float)value}"), DataType.Float, [], MemoryMarshal.AsBytes<float>([(float)value]));

    /// <summary>Adds a node with one output, which the node is named after, of the first input's type.</summary>
    /// <param name="name">The output's name.</param>
    /// <param name="operation">The operator.</param>
    /// <param name="inputs">Its inputs; <see cref="GraphValue.Absent"/> for one that is left out.</param>
    /// <param name="shape">The output's shape.</param>
    /// <param name="attributes">What it is set to.</param>
    public GraphValue Add(string name, string operation, GraphValue[] inputs, GraphDimension[] shape, params AttributeProto[] attributes) =>
        Add(operation, inputs, [NewValue(name, inputs[0].Type, shape)], attributes)[0];

    /// <summary>As the other, with an output of another type.</summary>
    public GraphValue Add(string name, string operation, GraphValue[] inputs, DataType type, GraphDimension[] shape, params AttributeProto[] attributes) =>
        Add(operation, inputs, [NewValue(name, type, shape)], attributes)[0];

    /// <summary>Adds a Split into parts of equal shape along an axis, one for each name.</summary>
    public GraphValue[] Split(string[] names, GraphValue whole, int axis, GraphDimension[] partShape)
    {
        GraphValue lengths = Integers([.. names.Select(_ => partShape[axis].Length)]);
        return Add("Split", [whole, lengths], [.. names.Select(name => NewValue(name, whole.Type, partShape))], [Attribute("axis", axis)]);
    }

    /// <summary>Adds the mean over an axis, which the result lacks; it was an attribute before version 18.</summary>
    public GraphValue Mean(string name, GraphValue x, int axis)
    {
        GraphDimension[] shape = [.. x.Shape[..axis], .. x.Shape[(axis + 1)..]];
        return opset < 18
            ? Add(name, "ReduceMean", [x], shape, Attribute("axes", [(long)axis]), Attribute("keepdims", 0))
            : Add(name, "ReduceMean", [x, Integers(axis)], shape, Attribute("keepdims", 0));
    }

    /// <summary>The finished graph without the weights' values.</summary>
    public GraphProto Finish(GraphValue output)
    {
        _proto.Output.Add(output.ToProto());
        _proto.ValueInfo.AddRange(_computed.Where(value => value != output).Select(value => value.ToProto()));
        return _proto;
    }

    /// <summary>An attribute that is a whole number.</summary>
    public static AttributeProto Attribute(string name, long value) => new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    /// <summary>An attribute that is a number.</summary>
    public static AttributeProto Attribute(string name, double value) => new() { Name = name, F = (float)value, Type = AttributeProto.Types.AttributeType.Float };

    /// <summary>An attribute that is a text.</summary>
    public static AttributeProto Attribute(string name, string value) => new() { Name = name, S = ByteString.CopyFromUtf8(value), Type = AttributeProto.Types.AttributeType.String };

    /// <summary>An attribute that is a list of whole numbers.</summary>
    public static AttributeProto Attribute(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    private GraphValue[] Add(string operation, GraphValue[] inputs, GraphValue[] outputs, AttributeProto[] attributes)
    {
        var node = new NodeProto { Name = outputs[0].Name, OpType = operation };
        node.Input.AddRange(inputs.Select(input => input.Name));
        node.Output.AddRange(outputs.Select(output => output.Name));
        node.Attribute.AddRange(attributes);
        _proto.Node.Add(node);
        _computed.AddRange(outputs);
        return outputs;
    }

    private GraphValue Constant(string name, DataType type, GraphDimension[] shape, ReadOnlySpan<byte> values)
    {
        if (!_constants.TryGetValue(name, out GraphValue? value))
        {
            value = NewValue(name, type, shape);
            Initializer(value).RawData = ByteString.CopyFrom(values);
            _constants.Add(name, value);
        }
        return value;
    }

    private TensorProto Initializer(GraphValue value)
    {
        var proto = new TensorProto { Name = value.Name, DataType = (int)value.Type };
        proto.Dims.AddRange(value.Shape.Select(dimension => dimension.Length));
        _proto.Initializer.Add(proto);
        return proto;
    }

    private GraphValue NewValue(string name, DataType type, GraphDimension[] shape) =>
        _names.Add(name) ? new GraphValue(name, type, shape) : throw new InvalidOperationException($"The graph has a value '{name}' already.");
}
