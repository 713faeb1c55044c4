using System.Runtime.InteropServices;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Loads a checkpoint into a network, strictly: every tensor of the network must come from the file, every tensor of the file must be used, and shapes must be equal (nothing is
/// broadcast). All of it is proved from the header, and all mistakes are reported together, before the first byte is read.
/// </summary>
internal static class StateLoader
{
    private const int NamesShown = 10;

    /// <summary>Overwrites all parameters and buffers of the network, converted to their type and device.</summary>
    /// <exception cref="FormatException">The file's tensors are not those of the network; the message lists the missing, the unexpected and the wrongly shaped.</exception>
    /// <exception cref="InvalidDataException">The file ends early; the network is then partly overwritten.</exception>
    public static void Load(VisionTransformer network, SafetensorsReader reader, CheckpointNaming naming)
    {
        Dictionary<string, (Assignment Assignment, int Index)> plan = Plan(network, reader, naming);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (SafetensorsEntry entry in reader.Entries) // in the order of their bytes, since some streams cannot go back
        {
            (Assignment assignment, int index) = plan[entry.Name];
            if (assignment.Rule.IsCopy)
            {
                reader.ReadInto(entry, assignment.Target);
            }
            else
            {
                assignment.Sources[index] = reader.Read(entry);
                assignment.CopyIfComplete(network.Config);
            }
        }
        reader.ThrowIfMoreFollows();
    }

    private static Dictionary<string, (Assignment Assignment, int Index)> Plan(VisionTransformer network, SafetensorsReader reader, CheckpointNaming naming)
    {
        Dictionary<string, SafetensorsEntry> entries = reader.Entries.ToDictionary(entry => entry.Name);
        var plan = new Dictionary<string, (Assignment, int)>();
        List<string> missing = [], misshapen = [];
        foreach ((string name, Tensor target) in network.State())
        {
            NamingRule rule = naming.RuleFor(name);
            var assignment = new Assignment(rule, target, new Tensor?[rule.Sources.Length]);
            for (int i = 0; i < rule.Sources.Length; i++)
            {
                plan.Add(rule.Sources[i], (assignment, i));
            }
            string[] absent = [.. rule.Sources.Where(source => !entries.ContainsKey(source))];
            missing.AddRange(absent);
            if (absent.Length == 0)
            {
                SafetensorsEntry[] sources = [.. rule.Sources.Select(source => entries[source])];
                if (ShapeOf(rule, sources, network.Config) is not { } shape || !shape.SequenceEqual(target.shape))
                {
                    misshapen.AddRange(sources.Select(source => $"'{source.Name}' {source.ShapeText} for {name} ({string.Join(", ", target.shape)})"));
                }
            }
        }
        string[] unexpected = [.. entries.Keys.Where(name => !plan.ContainsKey(name))];
        if (missing.Count + unexpected.Length + misshapen.Count > 0)
        {
            throw new FormatException(
                $"{reader.Source} is no checkpoint of this network in {naming.Name}'s naming."
                + List("Missing", missing) + List("Unexpected", unexpected) + List("Of the wrong shape", misshapen));
        }
        return plan;
    }

    /// <summary>What the rule makes of the sources' shapes; null where it cannot be applied to them.</summary>
    private static IReadOnlyList<long>? ShapeOf(NamingRule rule, SafetensorsEntry[] sources, VitConfig config)
    {
        if (rule.IsCopy)
        {
            return sources[0].Shape;
        }
        using var scope = NewDisposeScope();
        try
        {
            Tensor[] shapes = [.. sources.Select(source => empty([.. source.Shape], float32, META))];
            return rule.Convert(shapes, config).shape;
        }
        catch (ExternalException) // libtorch's refusal
        {
            return null;
        }
    }

    private static string List(string what, IReadOnlyCollection<string> names) => names.Count == 0
        ? ""
        : $" {what}: {string.Join(", ", names.Take(NamesShown))}{(names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : "")}.";

    /// <summary>One tensor of the network and what it is made of, as far as that has been read.</summary>
    private sealed record Assignment(NamingRule Rule, Tensor Target, Tensor?[] Sources)
    {
        public void CopyIfComplete(VitConfig config)
        {
            if (Sources.Any(source => source is null))
            {
                return;
            }
            using Tensor converted = Rule.Convert(Sources!, config);
            Target.copy_(converted);
            foreach (Tensor? source in Sources)
            {
                source!.Dispose();
            }
        }
    }
}
