using System.Text.Json;
using System.Text.Unicode;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// The header of a safetensors file, read to the letter of the format (huggingface/safetensors, README and tensor.rs): every rule is checked before a byte of
/// any tensor is touched, and every refusal is a FormatException that names the file, the tensor, what was expected and what was found.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The longest header that the format allows, in bytes.</summary>
    public const long MaxLength = 100_000_000;

    /// <summary>The key that holds metadata and therefore names no tensor.</summary>
    public const string MetadataKey = "__metadata__";

    private readonly string _source;
    private readonly Dictionary<string, string> _metadata = [];
    private readonly List<SafetensorsEntry> _entries = [];

    private SafetensorsHeader(string source) => _source = source;

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    /// <summary>The free text under "__metadata__".</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Bytes of all tensors together.</summary>
    public long DataLength => _entries.Count == 0 ? 0 : _entries[^1].End;

    /// <summary>Reads and checks the JSON of a header.</summary>
    /// <param name="utf8">The JSON, with its padding.</param>
    /// <param name="source">The file's name for messages.</param>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> utf8, string source)
    {
        var header = new SafetensorsHeader(source);
        if (utf8.Length == 0 || utf8.Span[0] != (byte)'{')
        {
            throw header.Refuse("the header does not begin with '{'.");
        }
        if (!Utf8.IsValid(utf8.Span))
        {
            throw header.Refuse("the header is not valid UTF-8.");
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(utf8);
            header.Read(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException($"{source}: the header is not valid JSON: {error.Message}", error);
        }
        header.CheckLayout();
        return header;
    }

    private void Read(JsonElement root)
    {
        foreach (JsonProperty property in Unique(root, "the header"))
        {
            if (property.Name == MetadataKey)
            {
                ReadMetadata(property.Value);
            }
            else
            {
                _entries.Add(ReadEntry(property.Name, property.Value));
            }
        }
    }

    private void ReadMetadata(JsonElement value)
    {
        RequireObject(value, MetadataKey);
        foreach (JsonProperty property in Unique(value, MetadataKey))
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw Refuse($"'{property.Name}' of {MetadataKey} is {property.Value.ValueKind}; expected a string.");
            }
            _metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private SafetensorsEntry ReadEntry(string name, JsonElement value)
    {
        RequireObject(value, $"tensor '{name}'");
        JsonElement? type = null, shape = null, offsets = null;
        foreach (JsonProperty property in Unique(value, $"tensor '{name}'"))
        {
            switch (property.Name)
            {
                case "dtype": type = property.Value; break;
                case "shape": shape = property.Value; break;
                case "data_offsets": offsets = property.Value; break;
                default: break; // the reference ignores what it does not know
            }
        }
        string? typeName = type is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        SafetensorsType found = SafetensorsType.Find(typeName)
            ?? throw Refuse($"tensor '{name}' has dtype {type?.GetRawText() ?? "missing"}; expected one of {string.Join(", ", SafetensorsType.All.Select(t => t.Name))}.");
        long[] sizes = Numbers(name, "shape", shape);
        long[] range = Numbers(name, "data_offsets", offsets);
        if (range.Length != 2 || range[1] < range[0])
        {
            throw Refuse($"tensor '{name}' has data_offsets [{string.Join(", ", range)}]; expected [begin, end] with end not before begin.");
        }
        var entry = new SafetensorsEntry(name, found, sizes, range[0], range[1]);
        CheckSize(entry);
        return entry;
    }

    private long[] Numbers(string name, string field, JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Array } array)
        {
            throw Refuse($"tensor '{name}' has {field} {value?.GetRawText() ?? "missing"}; expected an array.");
        }
        return [.. array.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.GetRawText()[0] != '-' && item.TryGetInt64(out long number)
                ? number
                : throw Refuse($"tensor '{name}' has {item.GetRawText()} in its {field}; expected whole numbers from 0 to {long.MaxValue}."))];
    }

    private void CheckSize(SafetensorsEntry entry)
    {
        long bits = entry.Type.Bits;
        try
        {
            foreach (long size in entry.Shape)
            {
                bits = checked(bits * size);
            }
        }
        catch (OverflowException)
        {
            throw Refuse($"tensor '{entry.Name}' has shape {entry.ShapeText}; its size overflows.");
        }
        if (bits % 8 != 0 || bits / 8 != entry.End - entry.Begin)
        {
            throw Refuse($"tensor '{entry.Name}' of dtype {entry.Type.Name} and shape {entry.ShapeText} has {entry.End - entry.Begin} bytes; expected {bits / 8.0}.");
        }
    }

    /// <summary>Puts the tensors in the order of their bytes, which must follow one another from 0 without gap or overlap.</summary>
    private void CheckLayout()
    {
        _entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long end = 0;
        foreach (SafetensorsEntry entry in _entries)
        {
            if (entry.Begin != end)
            {
                throw Refuse($"tensor '{entry.Name}' begins at {entry.Begin}; expected {end}, the end of the one before it.");
            }
            end = entry.End;
        }
    }

    private void RequireObject(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Refuse($"{what} is {value.ValueKind}; expected an object.");
        }
    }

    private IEnumerable<JsonProperty> Unique(JsonElement value, string what)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            yield return seen.Add(property.Name) ? property : throw Refuse($"the key '{property.Name}' occurs twice in {what}.");
        }
    }

    private FormatException Refuse(string rule) => new($"{_source}: {rule}");
}
