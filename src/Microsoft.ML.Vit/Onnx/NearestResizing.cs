using static Microsoft.ML.Vit.Onnx.OnnxGraph;
using static Microsoft.ML.Vit.Onnx.TensorProto.Types;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>
/// Resizing to the nearest pixel by gathering. ONNX's own Resize takes another pixel than Pillow where a position falls on a border of two, which is common: Pillow sums positions up in doubles.
/// </summary>
internal static class NearestResizing
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Name of the result.</param>
    /// <param name="x">Planes (batch, C, height, width).</param>
    /// <param name="from">Their height and width.</param>
    /// <param name="to">Height and width of the result.</param>
    /// <param name="shape">Shape of the result.</param>
    public static GraphValue ResizeNearest(this OnnxGraph graph, string name, GraphValue x, GraphValue from, GraphValue to, GraphDimension[] shape)
    {
        GraphValue rows = graph.Positions($"{name}.rows", from, to, 0, shape[2]), columns = graph.Positions($"{name}.columns", from, to, 1, shape[3]);
        x = graph.Add($"{name}.tall", "Gather", [x, rows], [.. x.Shape[..2], shape[2], x.Shape[3]], Attribute("axis", 2));
        return graph.Add(name, "Gather", [x, columns], shape, Attribute("axis", 3));
    }

    /// <summary>Along one axis, the input position of each output position: step / 2, then a step more each time, rounded down.</summary>
    private static GraphValue Positions(this OnnxGraph graph, string name, GraphValue from, GraphValue to, int axis, GraphDimension length)
    {
        GraphValue input = graph.Add($"{name}.input", "Gather", [from, graph.Integers(axis)], [1]);
        GraphValue output = graph.Add($"{name}.output", "Gather", [to, graph.Integers(axis)], [1]);
        GraphValue step = graph.Add($"{name}.step", "Div", [Exact(input), Exact(output)], [1]);
        GraphValue half = graph.Add($"{name}.half", "Mul", [step, graph.Doubles(0.5)], [1]);
        GraphValue more = graph.Add($"{name}.more", "Sub", [output, graph.Integers(1)], [1]);
        GraphValue steps = graph.Add($"{name}.steps", "Expand", [step, more], [$"{name}.more"]);
        steps = graph.Add($"{name}.all", "Concat", [half, steps], [length], Attribute("axis", 0));
        GraphValue sums = graph.Add($"{name}.sums", "CumSum", [steps, graph.Integer(0)], [length]);
        GraphValue floor = graph.Add($"{name}.floor", "Cast", [sums], DataType.Int64, [length], Attribute("to", (int)DataType.Int64));
        GraphValue last = graph.Add($"{name}.last", "Sub", [input, graph.Integers(1)], [1]);
        return graph.Add(name, "Min", [floor, last], [length]);

        GraphValue Exact(GraphValue value) => graph.Add($"{value.Name}.exact", "Cast", [value], DataType.Double, [1], Attribute("to", (int)DataType.Double));
    }
}
