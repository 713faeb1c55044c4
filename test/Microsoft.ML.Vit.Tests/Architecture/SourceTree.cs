namespace Microsoft.ML.Vit.Tests.Architecture;

/// <summary>The source files of the repository.</summary>
internal static class SourceTree
{
    /// <summary>The library's files by the type each declares (its partial files under their one name), with the folder it lies in; the root's is "".</summary>
    public static IReadOnlyList<(string TypeName, string Folder)> Library { get; } = [.. Under("src/Microsoft.ML.Vit")
        .Where(file => Path.GetFileName(file) != "PublicizeAssembly.cs")
        .Select(file => (TypeName(file), Path.GetDirectoryName(Path.GetRelativePath(Path.Combine(Fixtures.RepositoryRoot(), "src/Microsoft.ML.Vit"), file))!)).Distinct()];

    /// <summary>The type that a file is named after: "VitConfig" for VitConfig.Variants.cs.</summary>
    public static string TypeName(string file) => Path.GetFileName(file).Split('.')[0];

    /// <summary>The C# files under a folder of the repository, without what builds leave there.</summary>
    public static IEnumerable<string> Under(string folder)
    {
        string root = Path.Combine(Fixtures.RepositoryRoot(), folder);
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
    }
}
