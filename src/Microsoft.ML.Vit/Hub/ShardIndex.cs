using System.Text.Json;

namespace Microsoft.ML.Vit.Hub;

/// <summary>The files that model.safetensors.index.json names.</summary>
internal static class ShardIndex
{
    /// <summary>The shards, each once, in the order of their names.</summary>
    /// <exception cref="InvalidDataException">The file is no index, or names a file that does not lie beside it.</exception>
    public static IReadOnlyList<string> ReadShards(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("weight_map", out JsonElement map)
                && map.ValueKind == JsonValueKind.Object && map.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.String))
            {
                var shards = new SortedSet<string>(map.EnumerateObject().Select(entry => entry.Value.GetString()!), StringComparer.Ordinal);
                foreach (string shard in shards)
                {
                    HubNames.CheckShard(shard, path);
                }
                if (shards.Count > 0)
                {
                    return [.. shards];
                }
            }
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path}: is no JSON: {exception.Message}", exception);
        }
        throw new InvalidDataException($"{path}: expected \"weight_map\", an object that gives each tensor the name of its file.");
    }
}
