using Mono.Cecil;

namespace Microsoft.ML.Vit.Tests.Architecture;

/// <summary>Which folder of the library may use which, on the compiled assembly. A type belongs to the folder of the file that is named after it.</summary>
[TestClass]
public class DependencyTests
{
    private const string Root = "";

    /// <summary>For each folder, what it may use besides itself. The root may use all, and nothing the root.</summary>
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Jpeg"] = [],
        ["Images"] = ["Jpeg"],
        ["Augmentation"] = ["Images"],
        ["Batching"] = ["Augmentation", "Images"],
        ["Model"] = [],
        ["Hub"] = [],
        ["Checkpoints"] = ["Model", "Images", "Hub"],
        ["Cores"] = ["Model"],
        ["Training"] = ["Cores", "Batching", "Model", "Augmentation", "Images"],
        ["Pretraining"] = ["Training", "Cores", "Batching", "Model", "Augmentation"],
        ["Scoring"] = ["Cores", "Batching", "Images", "Model"],
        ["Reporting"] = ["Batching", "Images", "Model"],
        ["Explaining"] = ["Batching", "Images", "Model"],
        ["Onnx"] = ["Images", "Model"],
        ["Quantization"] = ["Batching", "Cores", "Images", "Interop", "Model"],
        ["Persistence"] = ["Model", "Images", "Checkpoints", "Quantization"],
        ["Interop"] = [],
    };

    /// <summary>Single types, plain values, that other folders may use too.</summary>
    private static readonly (string Folder, string Type)[] s_shared = [("*", "PixelSize"), ("Persistence", "EpochMetrics"), ("Reporting", "EpochMetrics"), ("Persistence", "TrainingProgress"), ("Persistence", "VitPrecision")];

    private static readonly string[] s_mayUseMLNet = [Root, "Explaining", "Images", "Batching", "Pretraining", "Quantization", "Scoring", "Reporting", "Persistence", "Interop"];

    private static readonly string[] s_mayUseTorch = [Root, "Batching", "Cores", "Explaining", "Model", "Checkpoints", "Training", "Pretraining", "Quantization", "Scoring", "Onnx", "Persistence", "Interop"];

    private static readonly Dictionary<string, string> s_folders = SourceTree.Library.ToDictionary(file => file.TypeName, file => file.Folder);

    [TestMethod]
    public void FoldersUseOnlyWhatTheyMay()
    {
        string[] broken = [.. Uses().Where(use => use.ToFolder is { } to && to != use.FromFolder && !MayUse(use.FromFolder, to, use.To))
            .Select(use => $"{use.FromFolder}/{use.From} uses {(use.ToFolder == Root ? "the root's" : use.ToFolder + "/")}{use.To}").Distinct()];
        Assert.IsEmpty(broken, string.Join('\n', broken));
    }

    [TestMethod]
    [DataRow("Microsoft.ML")]
    [DataRow("TorchSharp")]
    public void AssembliesAreUsedOnlyWhereTheyMayBe(string assembly)
    {
        string[] folders = assembly == "TorchSharp" ? s_mayUseTorch : s_mayUseMLNet;
        var uses = Uses().Where(use => use.ToFolder is null && (use.Assembly == assembly || use.Assembly.StartsWith(assembly + '.', StringComparison.Ordinal))).ToArray();
        string[] broken = [.. uses.Where(use => !folders.Contains(use.FromFolder)).Select(use => $"{use.FromFolder}/{use.From} uses {use.Assembly}'s {use.To}").Distinct()];
        Assert.IsEmpty(broken, string.Join('\n', broken));
        Assert.IsNotEmpty(uses);
    }

    [TestMethod]
    public void EveryFolderHasItsRules()
    {
        CollectionAssert.AreEquivalent(s_allowed.Keys.Append(Root).ToArray(), s_folders.Values.Distinct().ToArray());
    }

    private static bool MayUse(string from, string to, string type) =>
        from == Root || s_allowed[from].Contains(to) || s_shared.Contains(("*", type)) || s_shared.Contains((from, type));

    /// <summary>Every mention of one type by another. The folder mentioned is null for another assembly's types.</summary>
    private static IEnumerable<(string FromFolder, string From, string? ToFolder, string To, string Assembly)> Uses()
    {
        using var module = ModuleDefinition.ReadModule(typeof(VitTrainer).Assembly.Location);
        foreach ((TypeDefinition from, TypeReference mentioned) in AssemblyReferences.Of(module))
        {
            TypeReference to = AssemblyReferences.Outermost(mentioned);
            bool ours = to.Scope == module;
            // What the compiler adds of its own accord is in no file.
            if (s_folders.TryGetValue(NameOf(from), out string? fromFolder) && (!ours || s_folders.ContainsKey(NameOf(to))))
            {
                yield return (fromFolder, NameOf(from), ours ? s_folders[NameOf(to)] : null, NameOf(to), ours ? "" : to.Scope.Name);
            }
        }
    }

    private static string NameOf(TypeReference type) => type.Name.Split('`')[0];
}
