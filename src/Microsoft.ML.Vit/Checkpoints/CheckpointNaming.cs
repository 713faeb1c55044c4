using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>How one library names the tensors of a Vision Transformer, and what it does that no file states. It knows nothing of containers.</summary>
/// <param name="Name">The library.</param>
/// <param name="Rules">One for each kind of tensor; kinds without a rule are named as in the network.</param>
internal sealed partial record CheckpointNaming(string Name, IReadOnlyList<NamingRule> Rules)
{
    /// <summary>The tensors by which it is told from others: all are in every checkpoint of it.</summary>
    public IReadOnlyList<string> Signature { get; init; } = [];

    /// <summary>What {x} may stand for, in the order in which it is tried.</summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [""];

    /// <summary>What {x} stands for in the checkpoint at hand.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Tensors that a checkpoint may have and the network has no use for.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>What the library does where its configuration is silent: epsilon and activations.</summary>
    public VitConfig Defaults { get; init; } = new();

    /// <summary>How the library makes positions fit another grid.</summary>
    public PositionResize Resize { get; init; } = PositionResize.BicubicAntialias;

    /// <summary>The same for networks with registers, where it differs.</summary>
    public PositionResize? ResizeWithRegisters { get; init; }

    /// <summary>A tensor whose second dimension is the number of heads, where there is one.</summary>
    public string? HeadsTensor { get; init; }

    /// <summary>Whether the table of positions has exactly the rows of one image size, which so can be told from it.</summary>
    public bool HasGrid { get; init; } = true;

    /// <summary>The naming, with its prefix, that a checkpoint with these tensors has; null where none fits.</summary>
    public static CheckpointNaming? Detect(IEnumerable<string> names)
    {
        HashSet<string> present = [.. names];
        return All
            .SelectMany(naming => naming.Prefixes.Select(prefix => naming with { Prefix = prefix }))
            .FirstOrDefault(naming => naming.Signature.All(name => present.Contains(naming.Fill(name))));
    }

    /// <summary>The rule for one tensor of the network, with its names filled in.</summary>
    public NamingRule RuleFor(string target)
    {
        string kind = BlockPattern().Replace(target, ".{i}.");
        string anyPart = PartPattern().Replace(kind, ".{p}");
        NamingRule? found = Rules.FirstOrDefault(rule => rule.Target == kind) ?? Rules.FirstOrDefault(rule => rule.Target == anyPart);
        if (found is null)
        {
            return new NamingRule(target, target);
        }
        string block = BlockPattern().Match(target) is { Success: true } number ? number.Value.Trim('.') : "";
        string part = target[(target.LastIndexOf('.') + 1)..];
        return found with { Target = target, Sources = [.. found.Sources.Select(source => Fill(source, block, part))] };
    }

    /// <summary>A name of this naming with its placeholders filled in.</summary>
    public string Fill(string name, string block = "0", string part = "weight") => name
        .Replace("{x}", Prefix, StringComparison.Ordinal)
        .Replace("{i}", block, StringComparison.Ordinal)
        .Replace("{p}", part, StringComparison.Ordinal);

    /// <summary>Whether a checkpoint may have this tensor though no network has a use for it.</summary>
    public bool Ignores(string name) => Ignored.Any(ignored => Fill(ignored) == name || Fill(ignored, part: "bias") == name);

    [GeneratedRegex(@"(?<=^blocks)\.\d+\.")]
    private static partial Regex BlockPattern();

    [GeneratedRegex(@"\.(weight|bias)$")]
    private static partial Regex PartPattern();
}
