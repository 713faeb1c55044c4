namespace Microsoft.ML.Vit.Images;

/// <summary>A row of <c>LoadImagesFromFolder</c>.</summary>
internal sealed class LabeledImageFile
{
    private static readonly HashSet<string> s_extensions = new([".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The file's full path.</summary>
    public string ImagePath { get; init; } = "";

    /// <summary>The name of the class's folder.</summary>
    public string Label { get; init; } = "";

    /// <summary>The images of every class, ordered by path, whatever the file system's own order.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">It holds no class with an image.</exception>
    public static IReadOnlyList<LabeledImageFile> Below(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'; expected one with a sub-folder of images for every class.");
        }
        List<LabeledImageFile> files =
        [
            .. from sub in Directory.EnumerateDirectories(Path.GetFullPath(folder)).Order(StringComparer.Ordinal)
               from file in Directory.EnumerateFiles(sub, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
               where s_extensions.Contains(Path.GetExtension(file))
               select new LabeledImageFile { ImagePath = file, Label = Path.GetFileName(sub) },
        ];
        return files.Count > 0
            ? files
            : throw new InvalidOperationException($"No image ({string.Join(", ", s_extensions)}) lies in a sub-folder of '{folder}'; expected one sub-folder for every class.");
    }
}
