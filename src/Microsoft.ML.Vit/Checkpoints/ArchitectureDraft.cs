namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// An architecture while it is worked out: first from what the tensors' shapes tell, then from what a configuration states. What neither tells is taken from the library's habit and
/// kept as a doubt until something states it.
/// </summary>
internal sealed class ArchitectureDraft(VitConfig config)
{
    private readonly Dictionary<string, string> _doubts = [];
    private readonly List<string> _notes = [];

    /// <summary>What is known so far.</summary>
    public VitConfig Config { get; set; } = config;

    /// <summary>Rows of the table of positions, where the tensors are known and it belongs to one image size.</summary>
    public long? PositionRows { get; init; }

    /// <summary>Names of the classes by number, where a configuration has them.</summary>
    public IReadOnlyList<string>? ClassNames { get; set; }

    /// <summary>What was assumed, each a sentence.</summary>
    public IReadOnlyList<string> Notes => [.. _doubts.Values, .. _notes];

    /// <summary>A value that is assumed until it is stated.</summary>
    public void Doubt(string property, string sentence) => _doubts[property] = sentence;

    /// <summary>Takes what a configuration states of one property.</summary>
    public void State(string property, VitConfig stated)
    {
        _doubts.Remove(property);
        Config = stated;
    }

    /// <summary>Something else to know.</summary>
    public void Note(string sentence) => _notes.Add(sentence);

    /// <summary>What follows from the whole: whether class and distillation token are among the rows of positions, and whether there is a name for each class.</summary>
    public void Complete()
    {
        if (PositionRows is long rows && Config.HasClassToken && Config.ImageSize.Height >= Config.PatchSize.Height && Config.ImageSize.Width >= Config.PatchSize.Width)
        {
            // Where neither fits, the image size is wrong, and loading says so by the table's shape.
            Config = Config with { ClassTokenHasPosition = rows != Config.PatchTokens };
        }
        if (ClassNames is { } names && names.Count != Config.Classes)
        {
            if (Config.Classes > 0)
            {
                Note($"The configuration names {names.Count} classes, the head has {Config.Classes}; the names are not used.");
            }
            ClassNames = null;
        }
    }
}
