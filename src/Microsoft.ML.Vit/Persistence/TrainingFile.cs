using Microsoft.ML.Vit.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>
/// A training's checkpoint: a safetensors file with the tensors <c>model.*</c>, <c>optimizer.*</c>, <c>average.*</c> and <c>best.*</c>, each named on after its parameter, and in the metadata under
/// <c>vit.training</c> the <see cref="TrainingDescription"/> and a <see cref="FileSeal"/>.
/// </summary>
internal sealed class TrainingFile : IDisposable
{
    private const string DescriptionKey = "vit.training";

    private readonly SafetensorsReader _reader;

    private TrainingFile(SafetensorsReader reader, TrainingDescription description)
    {
        _reader = reader;
        Description = description;
    }

    /// <summary>All but the tensors.</summary>
    public TrainingDescription Description { get; }

    /// <summary>Where it lies.</summary>
    public string Path => _reader.Source;

    /// <summary>Opens a file: its header and description are read and checked, and its bytes against their digest.</summary>
    /// <exception cref="FormatException">It is no checkpoint of a training, is damaged, or a newer release wrote it; the message names it.</exception>
    /// <exception cref="InvalidDataException">It ends within the header.</exception>
    public static TrainingFile Open(string path)
    {
        SafetensorsReader reader = SafetensorsReader.Open(path);
        try
        {
            if (!reader.Metadata.TryGetValue(DescriptionKey, out string? json))
            {
                throw new FormatException($"its metadata has no '{DescriptionKey}'; it is no checkpoint of a training.");
            }
            var file = new TrainingFile(reader, TrainingDescription.FromJson(json));
            FileSeal.Check(path);
            return file;
        }
        catch (FormatException e)
        {
            reader.Dispose();
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Overwrites the tensors, strictly: the file must have these and no others, in these shapes.</summary>
    /// <exception cref="FormatException">It has others; the message lists them.</exception>
    /// <exception cref="InvalidDataException">It ends early.</exception>
    public void Read(IEnumerable<(string Name, Tensor Value)> state)
    {
        Dictionary<string, Tensor> targets = state.ToDictionary(tensor => tensor.Name, tensor => tensor.Value);
        string[] problems =
        [
            .. targets.Keys.Except(_reader.Entries.Select(entry => entry.Name)).Select(name => $"'{name}' is missing"),
            .. _reader.Entries.Where(entry => !targets.ContainsKey(entry.Name)).Select(entry => $"'{entry.Name}' is unexpected"),
            .. _reader.Entries.Where(entry => targets.TryGetValue(entry.Name, out Tensor? target) && !entry.Shape.SequenceEqual(target.shape))
                .Select(entry => $"'{entry.Name}' has the shape {entry.ShapeText}, expected ({string.Join(", ", targets[entry.Name].shape)})"),
        ];
        if (problems.Length > 0)
        {
            throw new FormatException($"{Path} is no checkpoint of this training: {string.Join("; ", problems.Take(10))}{(problems.Length > 10 ? $" … ({problems.Length})" : "")}.");
        }
        foreach (TensorEntry entry in _reader.Entries)
        {
            _reader.ReadInto(entry, targets[entry.Name]);
        }
    }

    /// <summary>
    /// Writes a file whole or not at all: under another name first, which is renamed once all has reached the disk. Whatever had the name before stays until then.
    /// </summary>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public static void Write(string path, TrainingDescription description, IEnumerable<(string Name, Tensor Value)> state)
    {
        string unfinished = path + UnfinishedSuffix;
        try
        {
            using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
            {
                SafetensorsWriter.Write(stream, state, new Dictionary<string, string> { [DescriptionKey] = description.ToJson(), [FileSeal.Key] = FileSeal.Open });
                FileSeal.Close(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>What the name of a file ends with that is not whole yet.</summary>
    public static string UnfinishedSuffix => ".tmp";

    /// <summary>Closes the file.</summary>
    public void Dispose() => _reader.Dispose();
}
