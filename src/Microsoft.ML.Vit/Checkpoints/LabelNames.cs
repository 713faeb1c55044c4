using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Reads the names of the classes from a configuration.</summary>
internal static class LabelNames
{
    /// <summary>Hugging Face's <c>id2label</c>: an object whose keys are the classes' numbers as text; null where it has none or they do not run from 0.</summary>
    public static IReadOnlyList<string>? FromHuggingFace(JsonElement root) => root.TryGetProperty("id2label", out JsonElement labels) ? ByNumber(labels) : null;

    /// <summary>timm's <c>label_names</c>, a list or an object by number, at the root or in <c>pretrained_cfg</c>; null where it has none.</summary>
    public static IReadOnlyList<string>? FromTimm(JsonElement root)
    {
        if (!root.TryGetProperty("label_names", out JsonElement labels)
            && !(root.TryGetProperty("pretrained_cfg", out JsonElement pretrained) && pretrained.TryGetProperty("label_names", out labels)))
        {
            return null;
        }
        return labels.ValueKind == JsonValueKind.Array ? [.. labels.EnumerateArray().Select(label => label.GetString() ?? "")] : ByNumber(labels);
    }

    private static string[]? ByNumber(JsonElement labels)
    {
        if (labels.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        var names = new SortedDictionary<int, string>();
        foreach (JsonProperty label in labels.EnumerateObject())
        {
            if (!int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !names.TryAdd(number, label.Value.GetString() ?? ""))
            {
                return null;
            }
        }
        return names.Count > 0 && names.Keys.Last() == names.Count - 1 ? [.. names.Values] : null;
    }
}
