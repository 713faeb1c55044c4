namespace Microsoft.ML.Vit.Tests;

/// <summary>Where data that is not part of the repository lies; tests that need what is absent report themselves skipped.</summary>
internal static class Fixtures
{
    /// <summary>A folder of reference numbers, from the environment variable VIT_FIXTURES or beside the repository.</summary>
    public static string Folder(string name)
    {
        string root = Environment.GetEnvironmentVariable("VIT_FIXTURES") is { Length: > 0 } set ? set : Shared("fixtures");
        return Existing(Path.Combine(root, name));
    }

    /// <summary>Every folder of reference numbers whose name begins so.</summary>
    public static IEnumerable<string> FoldersLike(string prefix)
    {
        string root = Environment.GetEnvironmentVariable("VIT_FIXTURES") is { Length: > 0 } set ? set : Shared("fixtures");
        return Directory.Exists(root) ? Directory.EnumerateDirectories(root, prefix + "*").Order(StringComparer.Ordinal) : [];
    }

    /// <summary>A data file (flowers.tar.gz, cifar10.tar.gz) beside the repository.</summary>
    public static string Data(string name) => Existing(Path.Combine(Shared("data"), name));

    private static string Shared(string name) =>
        Path.GetFullPath(Path.Combine(RepositoryRoot(), "..", "shared", name));

    /// <summary>The folder that holds Vit.sln.</summary>
    public static string RepositoryRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Vit.sln")))
            {
                return folder;
            }
        }
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Vit.sln.");
    }

    private static string Existing(string path)
    {
        if (!Path.Exists(path))
        {
            Assert.Inconclusive($"{path} is not on this machine.");
        }
        return path;
    }
}
