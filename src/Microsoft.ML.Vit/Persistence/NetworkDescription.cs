using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>All of a saved network but its weights, as it stands in the zip in <c>vit.json</c>: what classifiers and featurizers have in common.</summary>
internal abstract record NetworkDescription
{
    /// <summary>The format's version; raised when an older reader could misunderstand.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The most images per forward pass.</summary>
    public const int MaxScoringBatchSize = 65536;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>The format's version.</summary>
    [JsonPropertyOrder(-1)]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The architecture in whole, never a variant's name.</summary>
    public required VitConfig Model { get; init; }

    /// <summary>How images become the input.</summary>
    public required Preprocessing Preprocessing { get; init; }

    /// <summary>The image column.</summary>
    public required string FeatureColumn { get; init; }

    /// <summary>What the blocks' matrices are kept, saved and computed in.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public VitPrecision Precision { get; init; } = VitPrecision.Float32;

    /// <summary>Images per forward pass when scoring.</summary>
    public required int ScoringBatchSize { get; init; }

    /// <summary>Whether the weights of the blocks are bytes and scales.</summary>
    [JsonIgnore]
    public virtual bool IsQuantized => false;

    /// <summary>As UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, GetType(), s_json);

    /// <summary>Reads and checks.</summary>
    /// <exception cref="FormatException">The text is not such a description, or one that contradicts itself.</exception>
    public static T FromJson<T>(ReadOnlySpan<byte> json)
        where T : NetworkDescription
    {
        T description;
        try
        {
            CheckVersion(json);
            description = JsonSerializer.Deserialize<T>(json, s_json) ?? throw new FormatException("it is null.");
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
        string[] problems = [.. description.Problems()];
        return problems.Length == 0 ? description : throw new FormatException(string.Join(" ", problems));
    }

    /// <summary>What contradicts itself, a sentence each.</summary>
    protected virtual IEnumerable<string> Problems()
    {
        foreach (string problem in Model.Problems().Concat(Preprocessing.Problems()))
        {
            yield return problem;
        }
        if (Preprocessing.Size != Model.ImageSize || Preprocessing.Channels != Model.Channels)
        {
            yield return $"Preprocessing gives {Preprocessing.Channels} x {Preprocessing.Size}, the model reads {Model.Channels} x {Model.ImageSize}.";
        }
        if (Precision is not (VitPrecision.Float32 or VitPrecision.BFloat16))
        {
            yield return $"Precision is {Precision}; expected {VitPrecision.Float32} or {VitPrecision.BFloat16}.";
        }
        if (ScoringBatchSize is < 1 or > MaxScoringBatchSize)
        {
            yield return $"ScoringBatchSize is {ScoringBatchSize}; expected 1 to {MaxScoringBatchSize}.";
        }
    }

    /// <summary>Columns must have names.</summary>
    protected static IEnumerable<string> NameProblems(params (string Property, string Column)[] columns) =>
        columns.Where(c => string.IsNullOrWhiteSpace(c.Column)).Select(c => $"{c.Property} is empty.");

    /// <summary>Looked at before the rest, which a newer version may have changed.</summary>
    private static void CheckVersion(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("version", out JsonElement version)
            || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number))
        {
            throw new FormatException("no version; expected a JSON object with a whole number 'version'.");
        }
        if (number is < 1 or > CurrentVersion)
        {
            throw new FormatException($"version {number}; this release of Microsoft.ML.Vit reads versions 1 to {CurrentVersion}. A newer release wrote the model.");
        }
    }
}
