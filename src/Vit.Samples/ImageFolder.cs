using System.Formats.Tar;
using System.IO.Compression;

namespace Vit.Samples;

/// <summary>
/// A folder with one sub-folder of images per class, given as such or as a .tar.gz of such, which is unpacked for as long as this lives. A folder inside
/// an archive is named behind it: <c>cifar10.tar.gz/train</c>. A single folder that wraps the classes is stepped into.
/// </summary>
public sealed class ImageFolder : IDisposable
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"];

    private readonly string? temporary;

    private ImageFolder(string location, string inside, string? temporary)
    {
        this.temporary = temporary;
        try
        {
            Folder = ClassLevel(Path.Combine(temporary ?? location, inside), location);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder whose sub-folders are the classes.</summary>
    public string Folder { get; }

    /// <summary>The images, in ordinal order.</summary>
    public IEnumerable<string> Images => Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal)
        .SelectMany(folder => Directory.EnumerateFiles(folder).Where(IsImage).Order(StringComparer.Ordinal));

    /// <summary>Finds the classes, unpacking an archive first.</summary>
    /// <exception cref="DirectoryNotFoundException">No such folder, or none inside the archive.</exception>
    /// <exception cref="InvalidDataException">No images by class there, or the archive is damaged or writes outside its folder.</exception>
    public static ImageFolder Open(string location, CancellationToken cancellation = default)
    {
        const string Suffix = ".tar.gz";
        int end = location.IndexOf(Suffix, StringComparison.OrdinalIgnoreCase) + Suffix.Length;
        if (end < Suffix.Length || Directory.Exists(location))
        {
            return new ImageFolder(location, "", null);
        }
        string archive = location[..end];
        string inside = location[end..].Replace('#', '/').Trim('/');
        if (!File.Exists(archive))
        {
            throw new FileNotFoundException($"{archive} does not exist.");
        }
        string temporary = Directory.CreateTempSubdirectory("vit-samples-").FullName;
        try
        {
            Unpack(archive, inside, temporary, cancellation);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
        return new ImageFolder(location, inside, temporary);
    }

    public void Dispose()
    {
        if (temporary != null && Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static void Unpack(string archive, string inside, string target, CancellationToken cancellation)
    {
        using FileStream file = File.OpenRead(archive);
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(gzip);
        string prefix = inside.Length == 0 ? "" : inside + '/';
        try
        {
            while (tar.GetNextEntry() is TarEntry entry)
            {
                cancellation.ThrowIfCancellationRequested();
                string name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (!IsImage(name) || !name.StartsWith(prefix, StringComparison.Ordinal)
                    || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    continue;
                }
                string path = Path.GetFullPath(Path.Combine(target, name));
                if (!path.StartsWith(target + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                {
                    throw new InvalidDataException($"{archive} holds '{entry.Name}', which points outside the archive.");
                }
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using FileStream copy = File.Create(path);
                entry.DataStream?.CopyTo(copy);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException && !e.Message.StartsWith(archive, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{archive} is not a whole .tar.gz: {e.Message}", e);
        }
    }

    private static string ClassLevel(string folder, string location)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"The folder {location} does not exist.");
        }
        string[] subfolders = Directory.GetDirectories(folder);
        if (subfolders.Any(subfolder => Directory.EnumerateFiles(subfolder).Any(IsImage)))
        {
            return folder;
        }
        if (subfolders.Length == 1)
        {
            return ClassLevel(subfolders[0], location);
        }
        string found = subfolders.Length == 0 ? "no sub-folder" : string.Join(", ", subfolders.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        string hint = subfolders.Length == 0 ? "" : "; name one of them behind it if it holds the classes";
        throw new InvalidDataException($"{location}: expected one sub-folder of images per class, found {found}{hint}.");
    }

    private static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
