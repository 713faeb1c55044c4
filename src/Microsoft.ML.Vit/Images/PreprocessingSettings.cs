using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.Vit.Images;

/// <summary>The keys of a JSON object that describes preprocessing. A key whose value is null counts as absent, as in the libraries that write such files.</summary>
/// <param name="json">The object.</param>
/// <param name="source">The file's name for messages.</param>
internal sealed class PreprocessingSettings(JsonElement json, string source)
{
    /// <summary>Parses a file and hands its object to a function.</summary>
    /// <exception cref="FormatException">Not a JSON object.</exception>
    public static Preprocessing Read(Stream stream, string source, Func<PreprocessingSettings, Preprocessing> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(new PreprocessingSettings(document.RootElement, source))
                : throw new FormatException($"{source}: expected a JSON object; found {Shown(document.RootElement)}.");
        }
        // JsonElement throws the second on text with half a surrogate pair.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException($"{source}: not JSON: {error.Message}", error);
        }
    }

    /// <summary>The names of the keys that are true.</summary>
    public IEnumerable<string> True => json.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.True).Select(property => property.Name);

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => TryGet(key, out _);

    /// <summary>A truth value, or the default where the key is absent.</summary>
    public bool Boolean(string key, bool absent) => !TryGet(key, out JsonElement value) ? absent
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, "true or false");

    /// <summary>A number, or the default where the key is absent.</summary>
    public double Number(string key, double absent) => TryGet(key, out JsonElement value) ? Number(key, value) : absent;

    /// <summary>Text, or null where the key is absent.</summary>
    public string? Text(string key) => !TryGet(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Wrong(key, "text");

    /// <summary>A list of numbers, or a number alone, which counts as a list of one; the default where the key is absent.</summary>
    public double[] Numbers(string key, double[] absent) => !TryGet(key, out JsonElement value) ? absent
        : value.ValueKind != JsonValueKind.Array ? [Number(key, value)]
        : value.GetArrayLength() > 0 ? [.. value.EnumerateArray().Select(item => Number(key, item))]
        : throw Wrong(key, "at least one number");

    /// <summary>Whole numbers, one or in a list; null where the key is absent.</summary>
    public int[]? WholeNumbers(string key) => !TryGet(key, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(item => WholeNumber(key, item))]
        : [WholeNumber(key, value)];

    /// <summary>An object within, whose keys' names in messages follow its own; null where the key is absent or holds something else.</summary>
    public PreprocessingSettings? Object(string key) =>
        TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? new PreprocessingSettings(value, $"{source}: {key}") : null;

    /// <summary>The names of the keys that are there and not null.</summary>
    public IEnumerable<string> Keys => json.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null).Select(property => property.Name);

    /// <summary>An error about the value of a key.</summary>
    public FormatException Wrong(string key, string expected) =>
        new($"{source}: {key} is {(json.TryGetProperty(key, out JsonElement value) ? Shown(value) : "absent")}; expected {expected}.");

    /// <summary>The preprocessing, when it is sound.</summary>
    /// <exception cref="FormatException">It is not; the message says what is wrong with it.</exception>
    public Preprocessing Checked(Preprocessing preprocessing)
    {
        string[] problems = [.. preprocessing.Problems()];
        return problems.Length == 0 ? preprocessing : throw new FormatException($"{source}: {string.Join(" ", problems)}");
    }

    private bool TryGet(string key, [NotNullWhen(true)] out JsonElement value) => json.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    private double Number(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Wrong(key, "a finite number");

    private int WholeNumber(string key, JsonElement value)
    {
        double number = Number(key, value);
        return number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number : throw Wrong(key, "a whole number");
    }

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 80 ? text : string.Create(CultureInfo.InvariantCulture, $"{text[..80]}… ({text.Length} characters)");
    }
}
