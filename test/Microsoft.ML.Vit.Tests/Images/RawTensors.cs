using System.Text.Json;

namespace Microsoft.ML.Vit.Tests.Images;

/// <summary>The raw bytes and shapes of a small safetensors file: enough for tests that need no torch.</summary>
internal sealed class RawTensors
{
    private readonly byte[] _file;
    private readonly Dictionary<string, (int Start, int End, int[] Shape)> _entries = [];

    public RawTensors(string path)
    {
        _file = File.ReadAllBytes(path);
        int header = checked((int)BitConverter.ToInt64(_file));
        using JsonDocument document = JsonDocument.Parse(_file.AsMemory(8, header));
        foreach (JsonProperty entry in document.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(side => side.GetInt32())];
            _entries.Add(entry.Name, (8 + header + offsets[0].GetInt32(), 8 + header + offsets[1].GetInt32(), shape));
        }
    }

    public IEnumerable<string> Names => _entries.Keys;

    public int[] Shape(string name) => _entries[name].Shape;

    public ReadOnlySpan<byte> Bytes(string name) => _file.AsSpan(_entries[name].Start.._entries[name].End);
}
