using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Loads a checkpoint into a network, strictly: every tensor of the network must come from the file, every tensor of the file must be used, and shapes must be equal (nothing is
/// broadcast), but for what <see cref="LoadOptions"/> allows. All of it is proved from the header, and all mistakes are reported together, before the first byte is read.
/// </summary>
internal static class StateLoader
{
    private static readonly string[] s_headTensors =
        ["pre_logits.fc.weight", "pre_logits.fc.bias", "head.weight", "head.bias", "head_dist.weight", "head_dist.bias"];

    /// <summary>Overwrites all parameters and buffers of the network, converted to their type and device.</summary>
    /// <exception cref="FormatException">The file's tensors are not those of the network; the message lists the missing, the unexpected and the wrongly shaped.</exception>
    /// <exception cref="InvalidDataException">The file ends early; the network is then partly overwritten.</exception>
    public static void Load(VisionTransformer network, ITensorSource source, CheckpointNaming naming, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        Dictionary<string, Assignment> plan = Plan(network, source, naming, options);
        using var noGradients = no_grad();
        foreach (TensorEntry entry in source.Entries) // in their order, since some streams cannot go back
        {
            if (plan.TryGetValue(entry.Name, out Assignment? assignment))
            {
                assignment.Read(source, entry, network.Config, options);
            }
        }
        source.ThrowIfMoreFollows();
    }

    private static Dictionary<string, Assignment> Plan(VisionTransformer network, ITensorSource source, CheckpointNaming naming, LoadOptions options)
    {
        Dictionary<string, TensorEntry> entries = source.Entries.ToDictionary(entry => entry.Name);
        var plan = new Dictionary<string, Assignment>();
        List<string> missing = [], misshapen = [];
        foreach ((string name, Tensor target) in network.State())
        {
            if (options.KeepsOwnHead && s_headTensors.Contains(name))
            {
                continue;
            }
            NamingRule rule = naming.RuleFor(name);
            string[] absent = [.. rule.Sources.Where(key => !entries.ContainsKey(key))];
            missing.AddRange(absent);
            TensorEntry[] found = [.. rule.Sources.Where(entries.ContainsKey).Select(key => entries[key])];
            long[] expected = ExpectedShape(name, target, options);
            long[] rows = RowsOf(rule, found, network.Config, expected);
            for (int i = 0; i < found.Length; i++)
            {
                plan.Add(found[i].Name, new Assignment(rule, target, i * rows[i], rows[i], found.Length == 1));
            }
            if (absent.Length == 0 && rows.Any(count => count * found.Length != (expected.Length > 0 ? expected[0] : 1)))
            {
                misshapen.AddRange(found.Select(entry => $"'{entry.Name}' {entry.ShapeText} for {name} ({string.Join(", ", expected)})"));
            }
        }
        HashSet<string> unused = options.KeepsOwnHead ? [.. s_headTensors.SelectMany(name => naming.RuleFor(name).Sources)] : [];
        string[] unexpected = [.. entries.Keys.Where(name => !plan.ContainsKey(name) && !unused.Contains(name) && !naming.Ignores(name))];
        if (missing.Count + unexpected.Length + misshapen.Count > 0)
        {
            throw new FormatException(
                $"{source.Source} is no checkpoint of this network in {naming.Name}'s naming."
                + List("Missing", missing) + List("Unexpected", unexpected) + List("Of the wrong shape", misshapen));
        }
        return plan;
    }

    /// <summary>The target's shape, or what stands in the checkpoint where that may differ.</summary>
    private static long[] ExpectedShape(string name, Tensor target, LoadOptions options) => name switch
    {
        "pos_embed" when options.Positions is (VitConfig model, _) => [1, model.PositionRows, target.shape[^1]],
        "head.weight" or "head_dist.weight" when options.HeadRows is { } rows => [options.HeadClasses ?? rows.Count, target.shape[^1]],
        "head.bias" or "head_dist.bias" when options.HeadRows is { } rows => [options.HeadClasses ?? rows.Count],
        _ => target.shape,
    };

    /// <summary>How many rows of the target each source fills; -1 where it does not fit.</summary>
    private static long[] RowsOf(NamingRule rule, TensorEntry[] sources, VitConfig config, long[] expected)
    {
        long Rows(TensorEntry source)
        {
            if (rule.ShapeOf(source, config) is not { } shape || shape.Count != expected.Length)
            {
                return -1;
            }
            return shape.Count == 0 ? 1 : shape.Skip(1).SequenceEqual(expected[1..]) ? shape[0] : -1;
        }
        return [.. sources.Select(Rows)];
    }

    private static string List(string what, IReadOnlyCollection<string> names) => names.Count == 0
        ? ""
        : $" {what}: {string.Join(", ", names)}.";

    /// <summary>Which rows of a tensor of the network one tensor of the checkpoint becomes.</summary>
    private sealed record Assignment(NamingRule Rule, Tensor Target, long First, long Rows, bool IsWhole)
    {
        public void Read(ITensorSource source, TensorEntry entry, VitConfig config, LoadOptions options)
        {
            using var scope = NewDisposeScope();
            Tensor target = IsWhole ? Target : Target.narrow(0, First, Rows);
            bool isResized = Rule.Target == "pos_embed" && options.Positions is not null;
            bool isReordered = options.HeadRows is not null && Rule.Target.StartsWith("head", StringComparison.Ordinal);
            if (Rule.Reshape is null && !isResized && !isReordered)
            {
                source.ReadInto(entry, target);
                return;
            }
            Tensor converted = Rule.Convert(source.Read(entry), config);
            if (isResized)
            {
                (VitConfig model, PositionResize method) = options.Positions!.Value;
                converted = PositionTable.Resize(converted, model.PositionPrefix, model.Grid, config.Grid, method);
            }
            if (isReordered)
            {
                CopyRows(target, converted, options.HeadRows!);
                return;
            }
            target.copy_(converted);
        }

        /// <summary>Each row of the target becomes the one named for it, or stays.</summary>
        private static void CopyRows(Tensor target, Tensor source, IReadOnlyList<int> rows)
        {
            long[] kept = [.. rows.Index().Where(row => row.Item != LoadOptions.NoRow).Select(row => (long)row.Index)];
            if (kept.Length > 0)
            {
                target.index_copy_(0, tensor(kept), source.index_select(0, tensor(kept.Select(row => (long)rows[(int)row]).ToArray())));
            }
        }
    }
}
