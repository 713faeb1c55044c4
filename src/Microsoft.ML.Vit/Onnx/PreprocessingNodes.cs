using static Microsoft.ML.Vit.Onnx.OnnxGraph;
using static Microsoft.ML.Vit.Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>
/// The nodes of a <see cref="Preprocessing"/>: what <see cref="Images.ImageFitter"/> and normalising do to pixels. Bytes are resized as bytes, which ONNX Runtime does in Pillow's
/// fixed point; the rest of the arithmetic is on whole numbers and doubles, as there.
/// </summary>
internal sealed class PreprocessingNodes
{
    private const string Name = "image";

    private readonly OnnxGraph _graph;
    private readonly Preprocessing _preprocessing;
    private readonly PixelSize _size;
    private readonly PixelSize _to;

    /// <summary>Prepares to add a preprocessing to a graph; tensors belong to the dispose scope of the caller.</summary>
    /// <exception cref="NotSupportedException">ONNX cannot express it; the message names what it cannot.</exception>
    public PreprocessingNodes(OnnxGraph graph, Preprocessing preprocessing)
    {
        if (preprocessing.Interpolation is not (Interpolation.Nearest or Interpolation.Bilinear or Interpolation.Bicubic))
        {
            throw new NotSupportedException($"ONNX cannot resize by {preprocessing.Interpolation}, only by {Interpolation.Nearest}, {Interpolation.Bilinear} and {Interpolation.Bicubic}: "
                + $"leave {nameof(OnnxOptions.IncludePreprocessing)} out and give the graph prepared images.");
        }
        if (preprocessing.Channels is not (1 or 3))
        {
            throw new NotSupportedException($"Images have 1 or 3 channels, the model reads {preprocessing.Channels}: leave {nameof(OnnxOptions.IncludePreprocessing)} out.");
        }
        _graph = graph;
        _preprocessing = preprocessing;
        _size = preprocessing.Size;
        _to = preprocessing.ResizeTo ?? preprocessing.Size;
    }

    private bool Keeps => _preprocessing.KeepAspectRatio;

    private int Channels => _preprocessing.Channels;

    /// <summary>From an input of bytes (batch, height, width, C) to normalised images (batch, C, H, W).</summary>
    public GraphValue Add(string name)
    {
        GraphValue image = _graph.AddInput(Name, DataType.Uint8, NetworkNodes.Batch, "height", "width", Channels);
        GraphValue x = _graph.Add($"{Name}.planes", "Transpose", [image], [NetworkNodes.Batch, Channels, "height", "width"], Attribute("perm", [0L, 3, 1, 2]));
        bool isNearest = _preprocessing.Interpolation == Interpolation.Nearest;
        GraphValue? size = Keeps || isNearest ? _graph.Add($"{Name}.size", "Shape", [image], DataType.Int64, [2], Attribute("start", 1), Attribute("end", 3)) : null;
        GraphValue sizes = Keeps ? CoveringSize(size!) : _graph.Integers(_to.Height, _to.Width);
        GraphDimension[] shape = Keeps ? [.. x.Shape[..2], "resized_height", "resized_width"] : [.. x.Shape[..2], _to.Height, _to.Width];
        x = isNearest ? _graph.ResizeNearest($"{Name}.resized", x, size!, sizes, shape) : Resize(x, sizes, shape);
        x = Keeps || _to != _size ? Centre(x, sizes) : x;
        return Normalize(x, name);
    }

    /// <summary>The size of the resized image, which keeps its ratio and covers a rectangle: a square by whole numbers rounded down, others by nearest.</summary>
    private GraphValue CoveringSize(GraphValue size)
    {
        if (_to.Height == _to.Width)
        {
            GraphValue shortest = _graph.Add($"{Name}.shortest", "ReduceMin", [size], [1]);
            GraphValue scaled = _graph.Add($"{Name}.size.scaled", "Mul", [size, _graph.Integers(_to.Height)], [2]);
            return _graph.Add($"{Name}.size.resized", "Div", [scaled, shortest], [2]);
        }
        GraphValue exact = _graph.Add($"{Name}.size.exact", "Cast", [size], DataType.Double, [2], Attribute("to", (int)DataType.Double));
        GraphValue ratios = _graph.Add($"{Name}.ratios", "Div", [exact, _graph.Doubles(_to.Height, _to.Width)], [2]);
        GraphValue ratio = _graph.Add($"{Name}.ratio", "ReduceMin", [ratios], [1]);
        exact = _graph.Add($"{Name}.size.covering", "Div", [exact, ratio], [2]);
        return Rounded($"{Name}.size.resized", exact);
    }

    private GraphValue Resize(GraphValue x, GraphValue sizes, GraphDimension[] shape)
    {
        AttributeProto[] filter = _preprocessing.Interpolation == Interpolation.Bilinear
            ? [Attribute("mode", "linear")]
            : [Attribute("mode", "cubic"), Attribute("cubic_coeff_a", -0.5)];
        // As in Pillow, pixels beyond the border have no part.
        AttributeProto[] attributes = [.. filter, Attribute("antialias", 1), Attribute("exclude_outside", 1), Attribute("coordinate_transformation_mode", "half_pixel"), Attribute("axes", [2L, 3])];
        return _graph.Add($"{Name}.resized", "Resize", [x, GraphValue.Absent, GraphValue.Absent, sizes], shape, attributes);
    }

    /// <summary>Cuts out the centre, and surrounds with black what is smaller.</summary>
    private GraphValue Centre(GraphValue x, GraphValue sizes)
    {
        bool mayBeSmaller = _to.Height < _size.Height || _to.Width < _size.Width;
        GraphValue size = _graph.Integers(_size.Height, _size.Width), axes = _graph.Integers(2, 3);
        GraphValue excess = _graph.Add($"{Name}.excess", "Sub", [sizes, size], [2]);
        GraphValue cut = mayBeSmaller ? _graph.Add($"{Name}.cut", "Max", [excess, _graph.Integers(0, 0)], [2]) : excess;
        GraphValue from = Half($"{Name}.from", cut);
        GraphValue end = _graph.Add($"{Name}.end", "Add", [from, size], [2]);
        GraphDimension[] shape = !mayBeSmaller ? [.. x.Shape[..2], _size.Height, _size.Width]
            : Keeps ? [.. x.Shape[..2], "cropped_height", "cropped_width"]
            : [.. x.Shape[..2], Math.Min(_to.Height, _size.Height), Math.Min(_to.Width, _size.Width)];
        x = _graph.Add($"{Name}.cropped", "Slice", [x, from, end, axes], shape);
        if (!mayBeSmaller)
        {
            return x;
        }
        GraphValue lack = _graph.Add($"{Name}.lack", "Neg", [excess], [2]);
        lack = _graph.Add($"{Name}.missing", "Max", [lack, _graph.Integers(0, 0)], [2]);
        GraphValue before = _graph.Add($"{Name}.before", "Div", [lack, _graph.Integer(2)], [2]);
        GraphValue after = _graph.Add($"{Name}.after", "Sub", [lack, before], [2]);
        GraphValue pads = _graph.Add($"{Name}.pads", "Concat", [before, after], [4], Attribute("axis", 0));
        return _graph.Add($"{Name}.padded", "Pad", [x, pads, GraphValue.Absent, axes], [.. x.Shape[..2], _size.Height, _size.Width]);
    }

    /// <summary>Half of whole numbers, rounded as the preprocessing says.</summary>
    private GraphValue Half(string name, GraphValue x)
    {
        if (!_preprocessing.CropRoundsToEven)
        {
            return _graph.Add(name, "Div", [x, _graph.Integer(2)], x.Shape);
        }
        GraphValue exact = _graph.Add($"{name}.exact", "Cast", [x], DataType.Double, x.Shape, Attribute("to", (int)DataType.Double));
        return Rounded(name, _graph.Add($"{name}.half", "Mul", [exact, _graph.Doubles(0.5)], x.Shape));
    }

    /// <summary>Doubles to whole numbers, halves to even.</summary>
    private GraphValue Rounded(string name, GraphValue exact)
    {
        GraphValue rounded = _graph.Add($"{name}.rounded", "Round", [exact], exact.Shape);
        return _graph.Add(name, "Cast", [rounded], DataType.Int64, exact.Shape, Attribute("to", (int)DataType.Int64));
    }

    private GraphValue Normalize(GraphValue x, string name)
    {
        float[] scale = new float[Channels], shift = new float[Channels];
        for (int c = 0; c < Channels; c++)
        {
            double mean = _preprocessing.Mean[_preprocessing.Mean.Count == 1 ? 0 : c], std = _preprocessing.Std[_preprocessing.Std.Count == 1 ? 0 : c];
            (scale[c], shift[c]) = ((float)(_preprocessing.RescaleFactor / std), (float)(-mean / std));
        }
        x = _graph.Add($"{Name}.floats", "Cast", [x], DataType.Float, x.Shape, Attribute("to", (int)DataType.Float));
        x = _graph.Add($"{Name}.scaled", "Mul", [x, _graph.AddWeight($"{Name}.scale", tensor(scale, [1, Channels, 1, 1]))], x.Shape);
        return _graph.Add(name, "Add", [x, _graph.AddWeight($"{Name}.shift", tensor(shift, [1, Channels, 1, 1]))], x.Shape);
    }
}
