using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Hub;

/// <summary>What repositories, revisions and files may be called. All of them become paths, so nothing in them may lead out of the cache.</summary>
internal static partial class HubNames
{
    private const int LongestRepository = 96; // the Hub's own limit

    /// <exception cref="ArgumentException">Not "owner/name" or "name" by the Hub's rules.</exception>
    public static void CheckRepository(string repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        if (!Repository().IsMatch(repository) || repository.Length > LongestRepository || repository.Contains("--", StringComparison.Ordinal)
            || repository.Contains("..", StringComparison.Ordinal) || repository.EndsWith(".git", StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"'{repository}' names no repository of the Hub; expected owner/name (google/vit-base-patch16-224) of letters, digits, '-', '_' and '.', at most {LongestRepository} characters.",
                nameof(repository));
        }
    }

    /// <exception cref="ArgumentException">Neither a branch, a tag nor a commit could be called so.</exception>
    public static void CheckRevision(string revision)
    {
        ArgumentNullException.ThrowIfNull(revision);
        if (!Revision().IsMatch(revision) || revision.Split('/').Any(part => part.Length == 0 || part.StartsWith('.') || part.EndsWith('.')))
        {
            throw new ArgumentException($"'{revision}' names no revision; expected a branch (main), a tag (v1.0), refs/pr/N or a full commit of 40 hexadecimal digits.", nameof(revision));
        }
    }

    /// <summary>A shard, as the index names it: a file beside the index.</summary>
    /// <exception cref="InvalidDataException">It lies elsewhere, or is no safetensors file.</exception>
    public static void CheckShard(string file, string source)
    {
        if (!Shard().IsMatch(file))
        {
            throw new InvalidDataException($"{source}: names the shard '{file}'; expected the name of a .safetensors file beside it.");
        }
    }

    /// <summary>A commit in full, which never changes; a branch or a tag may.</summary>
    public static bool IsCommit(string revision) => Commit().IsMatch(revision);

    [GeneratedRegex(@"\A(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[A-Za-z0-9_.+@=/-]{1,255}\z")]
    private static partial Regex Revision();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_. -]*\.safetensors\z")]
    private static partial Regex Shard();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Commit();
}
