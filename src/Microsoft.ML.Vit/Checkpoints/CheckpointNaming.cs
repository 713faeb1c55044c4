using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>How one library names the tensors of a Vision Transformer. It knows nothing of containers.</summary>
/// <param name="Name">The library.</param>
/// <param name="Rules">One for each kind of tensor; kinds without a rule are named as in the network.</param>
internal sealed partial record CheckpointNaming(string Name, IReadOnlyList<NamingRule> Rules)
{
    /// <summary>The rule for one tensor of the network, with its numbers filled in.</summary>
    public NamingRule RuleFor(string target)
    {
        string kind = KindPattern().Replace(BlockPattern().Replace(target, ".{i}."), ".{p}");
        if (Rules.FirstOrDefault(rule => rule.Target == kind || rule.Target == target) is not { } found)
        {
            return new NamingRule(target, target);
        }
        string block = BlockPattern().Match(target) is { Success: true } number ? number.Value.Trim('.') : "";
        string part = target[(target.LastIndexOf('.') + 1)..];
        return found with
        {
            Target = target,
            Sources = [.. found.Sources.Select(source => source.Replace("{i}", block, StringComparison.Ordinal).Replace("{p}", part, StringComparison.Ordinal))],
        };
    }

    [GeneratedRegex(@"(?<=^blocks)\.\d+\.")]
    private static partial Regex BlockPattern();

    [GeneratedRegex(@"\.(weight|bias)$")]
    private static partial Regex KindPattern();
}
