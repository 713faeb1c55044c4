namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// One repository in the cache that huggingface_hub keeps: blobs under their hashes, snapshots of links to them by commit, refs from branch or tag to
/// commit, and marks of files known to be absent. What Python fetched is found here, and what is fetched here Python finds.
/// </summary>
internal sealed class HubCache(string cacheFolder, string repository, bool links)
{
    private readonly string _name = "models--" + repository.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>The repository's folder.</summary>
    public string Folder => Path.Combine(cacheFolder, _name);

    /// <summary>The folder of one commit's files.</summary>
    public string Snapshot(string commit) => Path.Combine(Folder, "snapshots", commit);

    /// <summary>Where a file's content lies under its hash.</summary>
    public string Blob(ContentHash hash) => Path.Combine(Folder, "blobs", hash.Text);

    /// <summary>What processes hold while they fetch a blob.</summary>
    public string Lock(ContentHash hash) => Path.Combine(cacheFolder, ".locks", _name, hash.Text + ".lock");

    /// <summary>The commit that a revision stood for when it was last fetched; null when it never was.</summary>
    public string? Resolve(string revision)
    {
        if (HubNames.IsCommit(revision))
        {
            return revision;
        }
        string path = Reference(revision);
        return File.Exists(path) && File.ReadAllText(path).Trim() is var commit && HubNames.IsCommit(commit) ? commit : null;
    }

    /// <summary>Notes the commit that a branch or a tag stands for.</summary>
    public void WriteReference(string revision, string commit)
    {
        if (revision == commit || Resolve(revision) == commit)
        {
            return;
        }
        string path = Reference(revision), temporary = Beside(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The path of a file in a snapshot, where it is there and not a link into nothing; else null.</summary>
    public string? Find(string commit, string file)
    {
        string path = Path.Combine(Snapshot(commit), file);
        return Holds(path) ? path : null;
    }

    /// <summary>Whether the commit is known not to have the file.</summary>
    public bool IsAbsent(string commit, string file) => File.Exists(Absence(commit, file));

    /// <summary>Remembers that the commit does not have the file.</summary>
    public void MarkAbsent(string commit, string file)
    {
        string path = Absence(commit, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Create(path).Dispose();
    }

    /// <summary>
    /// Makes a blob appear in its commit's snapshot by a relative link. Where links are not possible (Windows without developer mode) a new blob itself
    /// moves there, as huggingface_hub does it, so that the disk holds it once; one that other snapshots may share is copied.
    /// </summary>
    public void Link(HubFile file, bool isNew)
    {
        string path = Path.Combine(Snapshot(file.Commit), file.Name), blob = Blob(file.Hash), temporary = Beside(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (TryLink(temporary, blob))
        {
            File.Move(temporary, path, overwrite: true);
        }
        else if (isNew)
        {
            File.Move(blob, path, overwrite: true);
        }
        else
        {
            File.Copy(blob, temporary);
            File.Move(temporary, path, overwrite: true);
        }
    }

    private bool TryLink(string path, string target)
    {
        try
        {
            if (links)
            {
                File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, target));
            }
            return links;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private string Reference(string revision) => Path.Combine(Folder, "refs", revision);

    private string Absence(string commit, string file) => Path.Combine(Folder, ".no_exist", commit, file);

    private static string Beside(string path) => $"{path}.{Guid.NewGuid():N}.tmp";

    /// <summary>File.Exists takes a link into nothing for a file.</summary>
    private static bool Holds(string path)
    {
        var file = new FileInfo(path);
        return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true)?.Exists ?? true);
    }
}
