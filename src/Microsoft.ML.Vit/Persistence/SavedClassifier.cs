using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>
/// A classifier in a zip of <c>MLContext.Model.Save</c>, wherever in its chain it stands, as weights to start from: only its own two entries are read, and nothing of the rest is loaded.
/// </summary>
internal sealed class SavedClassifier
{
    private readonly string _path;
    private readonly string _folder;

    private SavedClassifier(string path, string folder, ClassifierDescription description)
    {
        _path = path;
        _folder = folder;
        Description = description;
    }

    /// <summary>All but the weights.</summary>
    public ClassifierDescription Description { get; }

    /// <summary>Reads and checks the description.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FormatException">It is no zip, holds no classifier or several, or one that is damaged; the message names the file.</exception>
    public static SavedClassifier Open(string path)
    {
        try
        {
            using ZipArchive zip = ZipFile.OpenRead(path);
            (string Folder, byte[] Json)[] found =
            [
                .. zip.Entries.Where(entry => entry.Name == ModelFile.DescriptionEntry)
                    .Select(entry => (entry.FullName[..^entry.Name.Length], ReadDescription(entry))).Where(entry => IsClassifier(entry.Item2)),
            ];
            if (found.Length != 1)
            {
                throw new FormatException($"it holds {found.Length} Vision Transformers that classify; expected one.");
            }
            var description = NetworkDescription.FromJson<ClassifierDescription>(found[0].Json);
            var saved = new SavedClassifier(path, found[0].Folder, description);
            using SafetensorsReader weights = saved.OpenWeights(zip);
            ModelFile.CheckHolds(weights, description.Model);
            return saved;
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException or JsonException)
        {
            throw new FormatException($"The model {path} cannot be started from: {e.Message}", e);
        }
    }

    /// <summary>Overwrites the network's weights: positions are resized to its image size, and of its classifier the rows of classes that the saved one has by name.</summary>
    /// <param name="network">A network of the saved architecture, perhaps for another image size and other classes.</param>
    /// <param name="classes">The names of its classes by number.</param>
    /// <returns>What was kept and changed, each a sentence.</returns>
    public IReadOnlyList<string> LoadInto(VisionTransformer network, IReadOnlyList<string> classes)
    {
        VitConfig model = Description.Model;
        Dictionary<string, int> own = Description.Labels.Select((name, row) => (name, row)).DistinctBy(pair => pair.name).ToDictionary(pair => pair.name, pair => pair.row);
        int[] rows = [.. classes.Select(name => own.GetValueOrDefault(name, LoadOptions.NoRow))];
        string[] kept = [.. classes.Where(own.ContainsKey)], added = [.. classes.Where(name => !own.ContainsKey(name))], dropped = [.. Description.Labels.Except(classes)];
        List<string> changes = [$"Starts from {_path}, trained for {Description.History.Count} epochs. Of its classifier {kept.Length} of {model.Classes} classes are kept{Listed(kept)}, {added.Length} are new{Listed(added)}, {dropped.Length} are left out{Listed(dropped)}."];
        var options = new LoadOptions { HeadRows = rows, HeadClasses = model.Classes };
        if (network.Positions is not null && network.Config.Grid != model.Grid)
        {
            options = options with { Positions = (model, PositionResize.BicubicAntialias) };
            changes.Add($"Positions are resized from a grid of {model.Grid} to {network.Config.Grid} ({PositionResize.BicubicAntialias}).");
        }
        using ZipArchive zip = ZipFile.OpenRead(_path);
        using SafetensorsReader weights = OpenWeights(zip);
        StateLoader.Load(network, ModelFile.SourceOf(weights, Description, network), CheckpointNaming.Timm, options);
        return changes;
    }

    private SafetensorsReader OpenWeights(ZipArchive zip)
    {
        ZipArchiveEntry entry = zip.GetEntry(_folder + ModelFile.WeightsEntry) ?? throw new FormatException($"'{_folder}{ModelFile.WeightsEntry}' is missing.");
        return new SafetensorsReader(entry.Open(), $"{_path}: {entry.FullName}", entry.Length);
    }

    private static byte[] ReadDescription(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        return ModelFile.ReadDescription(stream, entry.Length);
    }

    /// <summary>A featurizer's description has no labels.</summary>
    private static bool IsClassifier(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("labels", out _);
    }

    private static string Listed(string[] names) => names.Length == 0 ? "" : $" ({string.Join(", ", names.Take(10))}{(names.Length > 10 ? " …" : "")})";
}
