using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>
/// A quantised network's tensors in <c>weights.safetensors</c>: a layer's <c>weight</c> is int8, and beside it lie <c>weight_scale</c> (out), <c>input_scale</c> (1), <c>input_zero_point</c> (1, int32) and, after
/// a normalisation, <c>input_factor</c> (in). All else is as in float32.
/// </summary>
internal sealed class QuantizedState : ITensorSource
{
    private readonly SafetensorsReader _reader;
    private readonly Dictionary<string, (int Inputs, int Outputs, bool HasFactors)> _layers;
    private readonly Dictionary<string, float[]> _scales = [];
    private readonly HashSet<string> _scaleNames;
    private readonly Dictionary<string, int> _places; // of entries, by name
    private int _next; // the first entry of the file that was not passed yet

    /// <summary>Takes a file's tensors as those of a network in float32.</summary>
    /// <param name="reader">The file; stays the caller's.</param>
    /// <param name="network">The network that it is to become.</param>
    /// <exception cref="FormatException">A scale is missing, or of another shape or type.</exception>
    public QuantizedState(SafetensorsReader reader, VisionTransformer network)
    {
        _reader = reader;
        _layers = Layers(network);
        _scaleNames = [.. _layers.SelectMany(layer => ScaleEntries(layer.Key, layer.Value)).Select(scale => scale.Name)];
        _places = reader.Entries.Index().ToDictionary(entry => entry.Item.Name, entry => entry.Index);
        Dictionary<string, TensorEntry> entries = reader.Entries.ToDictionary(entry => entry.Name);
        string[] problems = [.. _layers.SelectMany(layer => Problems(entries, layer.Key, layer.Value))];
        if (problems.Length > 0)
        {
            throw new FormatException($"{reader.Source} does not hold a quantised network: {string.Join("; ", problems.Take(10))}{(problems.Length > 10 ? " …" : "")}.");
        }
        Entries = [.. reader.Entries.Where(entry => !_scaleNames.Contains(entry.Name))];
    }

    /// <inheritdoc/>
    public string Source => _reader.Source;

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The blocks' scales, once all is read.</summary>
    /// <exception cref="FormatException">A scale is none.</exception>
    public IReadOnlyList<BlockQuantization> Blocks()
    {
        ReadScalesBefore(_reader.Entries.Count);
        LinearQuantization[] all = [.. _layers.Keys.Select(Quantization)];
        return [.. all.Chunk(4).Select(layers => new BlockQuantization(layers[0], layers[1], layers[2], layers[3]))];
    }

    /// <inheritdoc/>
    public Tensor Read(TensorEntry entry)
    {
        Tensor values = empty([.. entry.Shape], ScalarType.Float32);
        ReadInto(entry, values);
        return values;
    }

    /// <inheritdoc/>
    public void ReadInto(TensorEntry entry, Tensor destination)
    {
        // In the file's order, since a zip's stream cannot go back: wider types, and so all scales, come before the bytes.
        ReadScalesBefore(_places[entry.Name]);
        string layer = entry.Name.EndsWith(".weight", StringComparison.Ordinal) ? entry.Name[..^".weight".Length] : "";
        if (!_layers.ContainsKey(layer))
        {
            _reader.ReadInto(entry, destination);
            return;
        }
        using Tensor bytes = _reader.Read(entry);
        QuantizedWeights.Restore(destination, bytes, Quantization(layer));
    }

    /// <inheritdoc/>
    public void ThrowIfMoreFollows() => _reader.ThrowIfMoreFollows();

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <summary>Writes a network's tensors, those of quantised blocks as bytes and scales.</summary>
    public static void Write(Stream stream, VisionTransformer network)
    {
        using var scope = NewDisposeScope();
        if (QuantizedNetwork.QuantizationOf(network) is not { } blocks)
        {
            SafetensorsWriter.Write(stream, network.State());
            return;
        }
        Dictionary<string, LinearQuantization> layers = blocks.SelectMany((block, i) => QuantizedNetwork.Layers(i, block)).ToDictionary(layer => layer.Name, layer => layer.Quantization);
        SafetensorsWriter.Write(stream, [.. network.State().Select(state => (state.Name, AsStored(state.Name, state.Tensor, layers))), .. layers.SelectMany(layer => Scales(layer.Key, layer.Value))]);
    }

    private static Tensor AsStored(string name, Tensor tensor, Dictionary<string, LinearQuantization> layers) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && layers.TryGetValue(name[..^".weight".Length], out LinearQuantization? layer) ? QuantizedWeights.Of(tensor, layer) : tensor;

    private static IEnumerable<(string Name, Tensor Tensor)> Scales(string layer, LinearQuantization quantization)
    {
        yield return ($"{layer}.weight_scale", tensor(quantization.WeightScales));
        yield return ($"{layer}.input_scale", tensor([quantization.InputScale]));
        yield return ($"{layer}.input_zero_point", tensor([quantization.InputZeroPoint]));
        if (quantization.InputFactors is { } factors)
        {
            yield return ($"{layer}.input_factor", tensor(factors));
        }
    }

    private static Dictionary<string, (int Inputs, int Outputs, bool HasFactors)> Layers(VisionTransformer network)
    {
        var shapes = network.State().Where(state => state.Tensor.dim() == 2).ToDictionary(state => state.Name, state => state.Tensor.shape);
        return Enumerable.Range(0, network.Blocks.Count).SelectMany(QuantizedNetwork.LayerNames)
            .ToDictionary(name => name.Name, name => ((int)shapes[name.Name + ".weight"][1], (int)shapes[name.Name + ".weight"][0], name.FollowsNorm));
    }

    /// <summary>What lies beside a layer's bytes.</summary>
    private static (string Name, string Type, int Length)[] ScaleEntries(string layer, (int Inputs, int Outputs, bool HasFactors) shape) =>
    [
        ($"{layer}.weight_scale", "F32", shape.Outputs), ($"{layer}.input_scale", "F32", 1), ($"{layer}.input_zero_point", "I32", 1),
        .. shape.HasFactors ? ((string, string, int)[])[($"{layer}.input_factor", "F32", shape.Inputs)] : [],
    ];

    private static IEnumerable<string> Problems(Dictionary<string, TensorEntry> entries, string layer, (int Inputs, int Outputs, bool HasFactors) shape)
    {
        foreach ((string name, string type, int length) in ScaleEntries(layer, shape))
        {
            if (!entries.TryGetValue(name, out TensorEntry? entry) || entry.Type.Name != type || !entry.Shape.SequenceEqual([length]))
            {
                yield return $"'{name}' is {(entry is null ? "missing" : $"{entry.Type.Name} {entry.ShapeText}")}, expected {type} ({length})";
            }
        }
        if (entries.TryGetValue($"{layer}.weight", out TensorEntry? weight) && weight.Type.Name != "I8")
        {
            yield return $"'{weight.Name}' is {weight.Type.Name}, expected I8";
        }
    }

    private void ReadScalesBefore(int place)
    {
        for (; _next < place; _next++)
        {
            if (_scaleNames.Contains(_reader.Entries[_next].Name))
            {
                using Tensor stored = _reader.Read(_reader.Entries[_next]);
                using Tensor values = stored.to(ScalarType.Float32);
                _scales.Add(_reader.Entries[_next].Name, values.data<float>().ToArray());
            }
        }
    }

    private LinearQuantization Quantization(string layer)
    {
        float[] Values(string name, float greatest) =>
            !_scales.TryGetValue($"{layer}.{name}", out float[]? values) ? throw new FormatException($"{Source}: '{layer}.{name}' comes after the weights it belongs to.")
            : values.All(value => value >= 0 && value <= greatest && (value > 0 || name == "input_zero_point")) ? values
            : throw new FormatException($"{Source}: '{layer}.{name}' holds a value that is none; expected above 0 and at most {greatest}.");
        return new LinearQuantization(
            Values("weight_scale", float.MaxValue), Values("input_scale", float.MaxValue)[0], (int)Values("input_zero_point", 255)[0], _layers[layer].HasFactors ? Values("input_factor", float.MaxValue) : null);
    }
}
