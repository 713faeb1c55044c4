using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Several safetensors files read as one, by Hugging Face's index (<c>model.safetensors.index.json</c>): its <c>weight_map</c> names the file of each tensor. Index and
/// files must agree: what the index promises is there, and nothing else.
/// </summary>
internal sealed class ShardedSource : ITensorSource
{
    private readonly List<SafetensorsReader> _shards = [];
    private readonly List<TensorEntry> _entries = [];
    private readonly Dictionary<TensorEntry, SafetensorsReader> _shardOf = new(ReferenceEqualityComparer.Instance);

    /// <summary>Opens the files that the index names, all in its folder.</summary>
    /// <exception cref="FormatException">The index is not one, or contradicts the files.</exception>
    /// <exception cref="FileNotFoundException">A file that the index names does not exist.</exception>
    public ShardedSource(string indexPath)
    {
        Source = indexPath;
        Dictionary<string, string> files = ReadIndex(indexPath);
        try
        {
            foreach (string file in files.Values.Distinct().Order(StringComparer.Ordinal))
            {
                SafetensorsReader shard = SafetensorsReader.Open(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(indexPath))!, file));
                _shards.Add(shard);
                foreach (TensorEntry entry in shard.Entries)
                {
                    if (!files.TryGetValue(entry.Name, out string? expected) || expected != file)
                    {
                        throw new FormatException($"{shard.Source} has a tensor '{entry.Name}' that {Path.GetFileName(indexPath)} places {(expected is null ? "nowhere" : $"in {expected}")}.");
                    }
                    _entries.Add(entry);
                    _shardOf.Add(entry, shard);
                }
            }
            if (files.Keys.Except(_entries.Select(entry => entry.Name)).FirstOrDefault() is { } missing)
            {
                throw new FormatException($"{indexPath} places the tensor '{missing}' in {files[missing]}, which does not have it.");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorEntry> Entries => _entries;

    /// <inheritdoc/>
    public Tensor Read(TensorEntry entry) => _shardOf[entry].Read(entry);

    /// <inheritdoc/>
    public void ReadInto(TensorEntry entry, Tensor destination) => _shardOf[entry].ReadInto(entry, destination);

    /// <inheritdoc/>
    public void Dispose() => _shards.ForEach(shard => shard.Dispose());

    /// <summary>The files that an index names, without folders: a name that would lead elsewhere is refused.</summary>
    public static IReadOnlyCollection<string> FilesOf(string indexPath) => [.. ReadIndex(indexPath).Values.Distinct().Order(StringComparer.Ordinal)];

    private static Dictionary<string, string> ReadIndex(string path)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonProperty pair in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string file = pair.Value.GetString() ?? throw new FormatException($"{path}: the tensor '{pair.Name}' has no file.");
                if (file != Path.GetFileName(file) || file.Contains('\\', StringComparison.Ordinal) || file is "" or "." or "..")
                {
                    throw new FormatException($"{path}: the tensor '{pair.Name}' is placed in '{file}'; expected the name of a file beside the index.");
                }
                if (!files.TryAdd(pair.Name, file))
                {
                    throw new FormatException($"{path}: the tensor '{pair.Name}' occurs twice.");
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"{path}: not an index of safetensors files, with a \"weight_map\" of tensors to files: {error.Message}", error);
        }
        return files.Count > 0 ? files : throw new FormatException($"{path}: the weight_map is empty.");
    }
}
