using static Microsoft.ML.Vit.Onnx.OnnxGraph;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>The nodes of activations.</summary>
internal static class ActivationNodes
{
    // The first with GELU as one operator.
    private const int FirstGeluOpset = 20;

    /// <summary>The activation of every element; operators that the opset lacks are written in such a way that ONNX Runtime knows them again.</summary>
    public static GraphValue Activate(this OnnxGraph graph, VitActivation activation, string name, GraphValue x) => activation switch
    {
        VitActivation.Relu => graph.Add(name, "Relu", [x], x.Shape),
        VitActivation.Tanh => graph.Add(name, "Tanh", [x], x.Shape),
        VitActivation.Gelu when graph.Opset >= FirstGeluOpset => graph.Add(name, "Gelu", [x], x.Shape, Attribute("approximate", "none")),
        VitActivation.GeluTanh when graph.Opset >= FirstGeluOpset => graph.Add(name, "Gelu", [x], x.Shape, Attribute("approximate", "tanh")),
        VitActivation.Gelu => graph.Gelu(name, x),
        VitActivation.GeluTanh => graph.GeluTanh(name, x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    };

    /// <summary>x * sigmoid(x).</summary>
    public static GraphValue Silu(this OnnxGraph graph, string name, GraphValue x)
    {
        GraphValue sigmoid = graph.Add($"{name}.sigmoid", "Sigmoid", [x], x.Shape);
        return graph.Add(name, "Mul", [x, sigmoid], x.Shape);
    }

    // x * (1 + erf(x / sqrt 2)) * 0.5
    private static GraphValue Gelu(this OnnxGraph graph, string name, GraphValue x)
    {
        GraphValue y = graph.Add($"{name}.div", "Div", [x, graph.Number(Math.Sqrt(2))], x.Shape);
        y = graph.Add($"{name}.erf", "Erf", [y], x.Shape);
        y = graph.Add($"{name}.add", "Add", [y, graph.Number(1)], x.Shape);
        y = graph.Add($"{name}.mul", "Mul", [x, y], x.Shape);
        return graph.Add(name, "Mul", [y, graph.Number(0.5)], x.Shape);
    }

    // x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    private static GraphValue GeluTanh(this OnnxGraph graph, string name, GraphValue x)
    {
        GraphValue y = graph.Add($"{name}.pow", "Pow", [x, graph.Number(3)], x.Shape);
        y = graph.Add($"{name}.cubic", "Mul", [y, graph.Number(0.044715)], x.Shape);
        y = graph.Add($"{name}.sum", "Add", [x, y], x.Shape);
        y = graph.Add($"{name}.scaled", "Mul", [y, graph.Number(Math.Sqrt(2 / Math.PI))], x.Shape);
        y = graph.Add($"{name}.tanh", "Tanh", [y], x.Shape);
        y = graph.Add($"{name}.add", "Add", [y, graph.Number(1)], x.Shape);
        GraphValue half = graph.Add($"{name}.half", "Mul", [x, graph.Number(0.5)], x.Shape);
        return graph.Add(name, "Mul", [half, y], x.Shape);
    }
}
