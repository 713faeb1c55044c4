using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Tests.Architecture;

[TestClass]
public partial class HouseRuleTests
{
    [TestMethod]
    public void PublicTypesLiveInTwoNamespaces()
    {
        foreach (Type type in typeof(VitTrainer).Assembly.GetExportedTypes().Where(type => !type.IsNested))
        {
            bool isCatalog = type is { IsAbstract: true, IsSealed: true } && type.Name.EndsWith("Catalog", StringComparison.Ordinal);
            Assert.AreEqual(isCatalog ? "Microsoft.ML" : "Microsoft.ML.Vit", type.Namespace, type.Name);
        }
    }

    [TestMethod]
    public void InternalTypesLiveInTheNamespaceOfTheirFolder()
    {
        Dictionary<string, string> folders = SourceTree.Library.ToDictionary(file => file.TypeName, file => file.Folder);
        foreach (Type type in typeof(VitTrainer).Assembly.GetTypes().Where(type => type is { IsNested: false, IsPublic: false }))
        {
            if (folders.TryGetValue(type.Name.Split('`')[0], out string? folder) && type.Namespace != "System.Runtime.CompilerServices")
            {
                Assert.AreEqual(folder.Length == 0 ? "Microsoft.ML.Vit" : $"Microsoft.ML.Vit.{folder.Replace('/', '.')}", type.Namespace, type.Name);
            }
        }
    }

    [TestMethod]
    [DataRow("src", 300)]
    [DataRow("test", 300)]
    [DataRow("src/Vit.Samples", 130)]
    public void FilesAreShort(string folder, int most)
    {
        string[] longer = [.. SourceTree.Under(folder).Select(file => (file, File.ReadLines(file).Count())).Where(counted => counted.Item2 > most)
            .Select(counted => $"{Path.GetRelativePath(Fixtures.RepositoryRoot(), counted.file)}: {counted.Item2} lines")];
        Assert.IsEmpty(longer, string.Join('\n', longer));
    }

    [TestMethod]
    [DataRow("src")]
    [DataRow("test")]
    public void AFileDeclaresTheOneTypeThatItIsNamedAfter(string folder)
    {
        var broken = new List<string>();
        foreach (string file in SourceTree.Under(folder).Where(file => Path.GetFileName(file) != "Program.cs"))
        {
            string[] types = [.. File.ReadLines(file).Select(line => TypeDeclaration().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value)];
            if (types is not [{ } only] || only != SourceTree.TypeName(file))
            {
                broken.Add($"{Path.GetRelativePath(Fixtures.RepositoryRoot(), file)} declares {string.Join(", ", types)}");
            }
        }
        Assert.IsEmpty(broken, string.Join('\n', broken));
    }

    /// <summary>A declaration that is not indented, as those of types within types are.</summary>
    [GeneratedRegex(@"^((public|internal|file|static|sealed|abstract|partial|readonly|unsafe|ref) )*(class|record struct|record class|record|struct|interface|enum|delegate \S+) (?<name>\w+)")]
    private static partial Regex TypeDeclaration();
}
