using Microsoft.ML.Vit.Model;
using static Microsoft.ML.Vit.Onnx.OnnxGraph;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>
/// The nodes of a network, in the order of its forward pass. Weights have the names of the network's own; matrices of linear layers lie transposed, (in, out), as MatMul takes them. A value is named
/// after the layer that gives it.
/// </summary>
internal sealed partial class NetworkNodes
{
    /// <summary>The name of the first dimension of inputs and outputs.</summary>
    public const string Batch = "batch";

    private readonly OnnxGraph _graph;
    private readonly VitConfig _config;
    private readonly Dictionary<string, Tensor> _weights;

    /// <summary>Prepares to add a network to a graph; tensors belong to the dispose scope of the caller.</summary>
    public NetworkNodes(OnnxGraph graph, VisionTransformer network)
    {
        _graph = graph;
        _config = network.Config;
        _weights = network.State().ToDictionary(entry => entry.Name, entry => entry.Tensor.detach());
    }

    /// <summary>From normalised images (batch, C, H, W) to logits (batch, Classes), or without head to the vectors before it.</summary>
    /// <param name="images">The images.</param>
    /// <param name="name">Name of the result.</param>
    public GraphValue Add(GraphValue images, string name)
    {
        GraphValue x = EmbedTokens(EmbedPatches(images), images);
        for (int i = 0; i < _config.Depth; i++)
        {
            x = Block($"blocks.{i}", x);
        }
        return Classify(x, name);
    }

    private GraphValue EmbedPatches(GraphValue images)
    {
        const string Name = "patch_embed";
        GraphValue x = images;
        if (_config.Stem == VitStem.PatchProjection)
        {
            x = Convolution($"{Name}.proj", x, Name, _config.PatchSize, stride: _config.PatchSize, padding: 0);
        }
        else
        {
            for (int i = 0; i < _config.StemConvolutions; i++)
            {
                x = Convolution($"{Name}.convs.{i}", x, Name, kernel: 3, stride: 2, padding: 1);
                if (i < _config.StemConvolutions - 1)
                {
                    string norm = $"{Name}.norms.{i}";
                    GraphValue[] inputs = [x, Weight($"{norm}.weight"), Weight($"{norm}.bias"), Weight($"{norm}.running_mean"), Weight($"{norm}.running_var")];
                    x = _graph.Add(norm, "BatchNormalization", inputs, x.Shape, Attribute("epsilon", 1e-5));
                    x = _graph.Activate(_config.Activation, $"{Name}.act.{i}", x);
                }
            }
        }
        x = _graph.Add($"{Name}.flatten", "Reshape", [x, _graph.Integers(0, _config.Width, _config.PatchTokens)], [Batch, _config.Width, _config.PatchTokens]);
        return _graph.Add(Name, "Transpose", [x], [Batch, _config.PatchTokens, _config.Width], Attribute("perm", [0L, 2, 1])); // (B, N, D), row by row
    }

    private GraphValue Convolution(string layer, GraphValue x, string stem, PixelSize kernel, PixelSize stride, int padding)
    {
        Tensor weight = _weights[$"{layer}.weight"];
        GraphValue[] inputs = _weights.ContainsKey($"{layer}.bias") ? [x, Weight($"{layer}.weight"), Weight($"{layer}.bias")] : [x, Weight($"{layer}.weight")];
        long height = (x.Shape[2].Length + (2 * padding) - kernel.Height) / stride.Height + 1, width = (x.Shape[3].Length + (2 * padding) - kernel.Width) / stride.Width + 1;
        return _graph.Add(
            layer, "Conv", inputs, [Batch, weight.size(0), height, width],
            Attribute("kernel_shape", [kernel.Height, kernel.Width]), Attribute("strides", [stride.Height, stride.Width]), Attribute("pads", [padding, padding, padding, (long)padding]));
    }

    /// <summary>Adds positions and puts the prefix of class token, distillation token and registers first: (B, N, D) to (B, T, D).</summary>
    private GraphValue EmbedTokens(GraphValue patches, GraphValue images)
    {
        int width = _config.Width, prefix = _config.PrefixTokens;
        Tensor table = _weights.GetValueOrDefault("pos_embed") ?? SinCosPositions.Table(_config.Grid, width).unsqueeze(0);
        GraphValue positions = _graph.AddWeight("pos_embed", table.narrow(1, table.size(1) - _config.PatchTokens, _config.PatchTokens));
        GraphValue x = _graph.Add("tokens.patches", "Add", [patches, positions], patches.Shape);
        if (prefix == 0)
        {
            return x;
        }
        GraphValue batch = _graph.Add("tokens.batch", "Shape", [images], TensorProto.Types.DataType.Int64, [1], Attribute("start", 0), Attribute("end", 1));
        GraphValue shape = _graph.Add("tokens.prefix_shape", "Concat", [batch, _graph.Integers(prefix, width)], [3], Attribute("axis", 0));
        GraphValue expanded = _graph.Add("tokens.prefix", "Expand", [_graph.AddWeight("prefix_tokens", PrefixTokens()), shape], [Batch, prefix, width]);
        return _graph.Add("tokens", "Concat", [expanded, x], [Batch, _config.Tokens, width], Attribute("axis", 1));
    }

    /// <summary>Class token, distillation token and registers (1, P, D), their positions added.</summary>
    private Tensor PrefixTokens()
    {
        string[] names = ["cls_token", "dist_token", "reg_token"];
        Tensor tokens = cat([.. names.Where(_weights.ContainsKey).Select(name => _weights[name])], 1);
        int rows = _weights.TryGetValue("pos_embed", out Tensor? positions) ? _config.PositionPrefix : 0; // fixed, they are zero
        return rows == 0 ? tokens : cat([tokens.narrow(1, 0, rows) + positions!.narrow(1, 0, rows), tokens.narrow(1, rows, tokens.size(1) - rows)], 1);
    }

    private GraphValue Block(string name, GraphValue x)
    {
        GraphValue branch = Scaled($"{name}.ls1", Attention($"{name}.attn", Norm($"{name}.norm1", x)));
        x = _graph.Add($"{name}.attn.residual", "Add", [x, branch], x.Shape);
        branch = Scaled($"{name}.ls2", Mlp($"{name}.mlp", Norm($"{name}.norm2", x)));
        return _graph.Add(name, "Add", [x, branch], x.Shape);
    }

    private GraphValue Scaled(string layer, GraphValue x) =>
        _config.LayerScale is null ? x : _graph.Add(layer, "Mul", [x, Weight($"{layer}.gamma")], x.Shape);

    private GraphValue Attention(string name, GraphValue x)
    {
        int tokens = _config.Tokens, heads = _config.Heads, size = _config.HeadSize;
        GraphValue qkv = Linear($"{name}.qkv", x, 3 * _config.Width);
        GraphValue[] parts = _graph.Split([$"{name}.q", $"{name}.k", $"{name}.v"], qkv, axis: 2, x.Shape);
        GraphValue query = _graph.Add($"{name}.q.scaled", "Mul", [Heads(parts[0], "q_norm", [0, 2, 1, 3]), _graph.Number(1 / Math.Sqrt(size))], [Batch, heads, tokens, size]);
        GraphValue key = Heads(parts[1], "k_norm", [0, 2, 3, 1]);
        GraphValue value = Heads(parts[2], null, [0, 2, 1, 3]);

        GraphValue scores = _graph.Add($"{name}.scores", "MatMul", [query, key], [Batch, heads, tokens, tokens]);
        GraphValue weights = _graph.Add($"{name}.weights", "Softmax", [scores], scores.Shape, Attribute("axis", -1));
        GraphValue y = _graph.Add($"{name}.context", "MatMul", [weights, value], [Batch, heads, tokens, size]);
        y = _graph.Add($"{name}.context.transposed", "Transpose", [y], [Batch, tokens, heads, size], Attribute("perm", [0L, 2, 1, 3]));
        y = _graph.Add($"{name}.context.flat", "Reshape", [y, _graph.Integers(0, 0, _config.Width)], x.Shape); // heads side by side
        return Linear($"{name}.proj", y, _config.Width);

        // (B, T, D) to one matrix a head
        GraphValue Heads(GraphValue part, string? norm, long[] order)
        {
            GraphDimension[] shape = [Batch, tokens, heads, size];
            GraphValue split = _graph.Add($"{part.Name}.heads", "Reshape", [part, _graph.Integers(0, 0, heads, size)], shape);
            split = norm is null || !_config.QkNorm ? split : Norm($"{name}.{norm}", split);
            return _graph.Add($"{part.Name}.transposed", "Transpose", [split], [.. order.Select(axis => shape[axis])], Attribute("perm", order));
        }
    }

    private GraphValue Mlp(string name, GraphValue x)
    {
        int hidden = _config.MlpHiddenSize;
        GraphValue y;
        if (_config.SwiGlu)
        {
            y = Linear($"{name}.fc1", x, 2 * hidden);
            GraphValue[] halves = _graph.Split([$"{name}.gate", $"{name}.value"], y, axis: 2, [.. x.Shape[..2], hidden]);
            y = _graph.Add($"{name}.gated", "Mul", [_graph.Silu($"{name}.silu", halves[0]), halves[1]], halves[1].Shape);
        }
        else
        {
            y = _graph.Activate(_config.Activation, $"{name}.act", Linear($"{name}.fc1", x, hidden));
        }
        return Linear($"{name}.fc2", y, _config.Width);
    }
}
