namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Opens a file of weights by the container that its name stands for.</summary>
internal static class WeightFile
{
    /// <summary>How the index of sharded safetensors files ends.</summary>
    public const string IndexExtension = ".safetensors.index.json";

    private static readonly string[] s_usualNames = ["model.safetensors", "model" + IndexExtension, "model.npz"];
    private static readonly string[] s_pickled = [".pth", ".pt", ".bin", ".pkl", ".ckpt"];

    /// <summary>Opens a .safetensors file, an index of several, or an .npz file; headers are read and checked, no tensor.</summary>
    /// <exception cref="NotSupportedException">A pickle, or another extension.</exception>
    /// <exception cref="FormatException">The file breaks a rule of its format.</exception>
    public static ITensorSource Open(string path)
    {
        if (path.EndsWith(IndexExtension, StringComparison.OrdinalIgnoreCase))
        {
            return new ShardedSource(path);
        }
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".safetensors" => SafetensorsReader.Open(path),
            ".npz" => new NpzSource(path),
            var extension when s_pickled.Contains(extension) => throw Pickled(path),
            _ => throw new NotSupportedException($"{path}: expected a file of weights, *.safetensors, *{IndexExtension} or *.npz."),
        };
    }

    /// <summary>Whether a name ends as files of weights do, readable or not.</summary>
    public static bool IsWeightFile(string name) =>
        name.EndsWith(IndexExtension, StringComparison.OrdinalIgnoreCase) || s_pickled.Append(".safetensors").Append(".npz").Contains(Path.GetExtension(name).ToLowerInvariant());

    /// <summary>The weights in a folder: those of the usual names (model.safetensors, its index, model.npz), else the only file of such an extension.</summary>
    /// <exception cref="FileNotFoundException">There are none, or several of unusual names.</exception>
    /// <exception cref="NotSupportedException">There are pickles alone.</exception>
    public static string FindIn(string folder)
    {
        if (s_usualNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } usual)
        {
            return usual;
        }
        string[] files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)];
        foreach (string extension in new[] { IndexExtension, ".safetensors", ".npz" })
        {
            string[] found = [.. files.Where(file => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase))];
            if (found.Length == 1)
            {
                return found[0];
            }
            if (found.Length > 1)
            {
                throw new FileNotFoundException($"{folder} has several files of weights: {string.Join(", ", found.Select(Path.GetFileName))}; name one.");
            }
        }
        if (files.FirstOrDefault(file => s_pickled.Contains(Path.GetExtension(file).ToLowerInvariant())) is { } pickle)
        {
            throw Pickled(pickle);
        }
        throw new FileNotFoundException($"{folder} has no weights; expected {string.Join(", ", s_usualNames)}, or one *.safetensors or *.npz.");
    }

    /// <summary>Says why a pickle is not read and how to have it read.</summary>
    private static NotSupportedException Pickled(string path) => new(
        $"{path} is a Python pickle, which runs any code that its author put into it when it is read; it is refused. Convert it once with Python: "
        + "state = torch.load(\"" + Path.GetFileName(path) + "\", map_location=\"cpu\", weights_only=True); "
        + "safetensors.torch.save_file(state, \"model.safetensors\").");
}
