using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>All of a training's checkpoint but its tensors, as it stands in the file's metadata.</summary>
internal sealed record TrainingDescription
{
    /// <summary>The format's version; raised when an older reader could misunderstand.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a loss may be infinite
    };

    /// <summary>The format's version.</summary>
    [JsonPropertyOrder(-1)]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The seed of everything random.</summary>
    public required int Seed { get; init; }

    /// <summary>Threads that computed, which decide how sums are rounded.</summary>
    public required int Threads { get; init; }

    /// <summary>What a run must have in common with this one to go on from it: a setting's name and its value as JSON.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Where the training stands.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>What the epochs that are over gave.</summary>
    public required IReadOnlyList<EpochMetrics> History { get; init; }

    /// <summary>As text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Reads and checks.</summary>
    /// <exception cref="FormatException">The text is not such a description, or one that contradicts itself, or one of a newer release.</exception>
    public static TrainingDescription FromJson(string json)
    {
        try
        {
            using (var document = JsonDocument.Parse(json))
            {
                CheckVersion(document.RootElement);
            }
            TrainingDescription read = JsonSerializer.Deserialize<TrainingDescription>(json, s_json) ?? throw new FormatException("the description is null.");
            string[] problems = [.. read.Progress.Problems()];
            return problems.Length == 0 ? read : throw new FormatException(string.Join(" ", problems));
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Looked at before the rest, which a newer version may have changed.</summary>
    private static void CheckVersion(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("version", out JsonElement version) || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number))
        {
            throw new FormatException("the description has no version; expected a JSON object with a whole number 'version'.");
        }
        if (number is < 1 or > CurrentVersion)
        {
            throw new FormatException($"version {number}; this release of Microsoft.ML.Vit reads versions 1 to {CurrentVersion}.");
        }
    }
}
