using static Microsoft.ML.Vit.Onnx.OnnxGraph;

namespace Microsoft.ML.Vit.Onnx;

// From the last block's tokens to the logits, and the layers that occur everywhere.
internal sealed partial class NetworkNodes
{
    private GraphValue Classify(GraphValue tokens, string name)
    {
        if (_config.Distillation == VitDistillation.TokenAndHead)
        {
            GraphValue features = Norm("norm", tokens);
            GraphValue classLogits = Linear("head", Token("class_token", features, 0), _config.Classes);
            GraphValue distilled = Linear("head_dist", Token("distillation_token", features, 1), _config.Classes);
            GraphValue sum = _graph.Add("head.sum", "Add", [classLogits, distilled], classLogits.Shape);
            return _graph.Add(name, "Mul", [sum, _graph.Number(0.5)], sum.Shape);
        }
        GraphValue x = Pool(tokens);
        if (_config.HeadHiddenSize is { } hidden)
        {
            x = _graph.Activate(_config.HeadActivation, "pre_logits", Linear("pre_logits.fc", x, hidden));
        }
        return _config.Classes > 0 ? Linear("head", x, _config.Classes, name) : _graph.Add(name, "Identity", [x], x.Shape);
    }

    /// <summary>What the head reads (B, PooledSize).</summary>
    private GraphValue Pool(GraphValue tokens)
    {
        switch (_config.Pooling)
        {
            case VitPooling.Mean:
                return Norm("fc_norm", PatchMean(tokens));
            case VitPooling.NormalizedMean:
                return PatchMean(Norm("norm", tokens));
            case VitPooling.ClassTokenAndMean:
                GraphValue features = Norm("norm", tokens);
                return _graph.Add("pooled", "Concat", [Token("class_token", features, 0), PatchMean(features)], [Batch, _config.PooledSize], Attribute("axis", 1));
            default:
                return Norm("norm", Token("class_token", tokens, 0)); // the others' norm is of no use
        }
    }

    private GraphValue Token(string name, GraphValue tokens, int index) =>
        _graph.Add(name, "Gather", [tokens, _graph.Integer(index)], [Batch, _config.Width], Attribute("axis", 1));

    private GraphValue PatchMean(GraphValue tokens)
    {
        int prefix = _config.PrefixTokens;
        GraphValue patches = prefix == 0 ? tokens : _graph.Add(
            "patches", "Slice", [tokens, _graph.Integers(prefix), _graph.Integers(_config.Tokens), _graph.Integers(1)], [Batch, _config.PatchTokens, _config.Width]);
        return _graph.Mean("patches.mean", patches, axis: 1);
    }

    private GraphValue Norm(string layer, GraphValue x) => _graph.Add(
        layer, "LayerNormalization", [x, Weight($"{layer}.weight"), Weight($"{layer}.bias")], x.Shape, Attribute("axis", -1), Attribute("epsilon", _config.NormEpsilon));

    private GraphValue Linear(string layer, GraphValue x, int outputs, string? name = null)
    {
        GraphDimension[] shape = [.. x.Shape[..^1], outputs];
        GraphValue weight = _graph.AddWeight($"{layer}.weight", _weights[$"{layer}.weight"].t());
        bool hasBias = _weights.ContainsKey($"{layer}.bias");
        GraphValue product = _graph.Add(hasBias ? $"{layer}.product" : name ?? layer, "MatMul", [x, weight], shape);
        return hasBias ? _graph.Add(name ?? layer, "Add", [product, Weight($"{layer}.bias")], shape) : product;
    }

    private GraphValue Weight(string name) => _graph.AddWeight(name, _weights[name]);
}
