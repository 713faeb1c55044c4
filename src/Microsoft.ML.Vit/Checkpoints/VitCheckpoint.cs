using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Hub;
using Microsoft.ML.Vit.Model;

namespace Microsoft.ML.Vit;

/// <summary>
/// Trained weights of a Vision Transformer as timm, Hugging Face's transformers, torchvision, DeiT, DINOv2 or Google published them. An immutable value that holds no weights: opening
/// reads headers and configuration alone. Where those leave something open, <see cref="Notes"/> say what was assumed, and <c>with</c> corrects it:
/// <c>checkpoint with { Model = checkpoint.Model with { Heads = 4 } }</c>.
/// </summary>
public sealed record VitCheckpoint
{
    private readonly string _weights;
    private readonly CheckpointNaming _naming;

    private VitCheckpoint(string weights, CheckpointNaming naming, ArchitectureDraft draft, Preprocessing preprocessing)
    {
        _weights = weights;
        _naming = naming;
        Model = draft.Config;
        Preprocessing = preprocessing;
        ClassNames = draft.ClassNames;
        Notes = draft.Notes;
        PositionResize = draft.Config.RegisterTokens > 0 && naming.ResizeWithRegisters is { } other ? other : naming.Resize;
    }

    /// <summary>The architecture: from config.json where there is one, else from the tensors' shapes.</summary>
    public VitConfig Model { get; init; }

    /// <summary>
    /// How images become the input: from preprocessor_config.json or timm's pretrained_cfg, else as is usual for the library. Its size is the one at which the checkpoint is used, and may be
    /// another than the architecture's (DINOv2's is): positions are then resized.
    /// </summary>
    public Preprocessing Preprocessing { get; init; }

    /// <summary>Names of the classes by number, from the configuration (<c>id2label</c>, <c>label_names</c>); null where it has none.</summary>
    public IReadOnlyList<string>? ClassNames { get; }

    /// <summary>Whose names the tensors have, for example "timm" or "Hugging Face".</summary>
    public string Layout => _naming.Name;

    /// <summary>What neither configuration nor shapes state and was therefore assumed, each a sentence.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>How positions are made to fit another image size. Default: as the library does it that the checkpoint comes from.</summary>
    public PositionResize PositionResize { get; init; }

    /// <summary>The file of weights, or the index of several.</summary>
    internal string WeightsPath => _weights;

    /// <summary>Opens a checkpoint: reads its headers and its configuration, not its weights.</summary>
    /// <param name="nameOrPath">
    /// A folder with weights and config.json; or a file, .safetensors, .safetensors.index.json or .npz, the config.json beside it being read too; or owner/name on the Hugging Face Hub, whose
    /// files are fetched into the Hub's own cache unless they are there (environment variables HF_HOME, HF_HUB_OFFLINE, HF_TOKEN, HF_ENDPOINT).
    /// </param>
    /// <param name="revision">On the Hub: a branch, a tag or a full commit, which needs no network once it is in the cache. Null for main.</param>
    /// <param name="progress">Is told of bytes received, retries and waits.</param>
    /// <param name="cancellationToken">Ends a download; what has arrived is kept, and the next call goes on from there.</param>
    /// <exception cref="FileNotFoundException">There is no such folder, file, repository or revision, or no weights in it, or it is not in the cache and HF_HUB_OFFLINE is set.</exception>
    /// <exception cref="FormatException">A file breaks its format, or is of no Vision Transformer that is known; the message names it.</exception>
    /// <exception cref="NotSupportedException">The weights are a Python pickle (.pth, .pt, .bin), or in another format that is not read.</exception>
    /// <exception cref="UnauthorizedAccessException">The repository is gated or private, and HF_TOKEN, if set, does not open it.</exception>
    /// <exception cref="HttpRequestException">No connection, or the Hub fails at every try.</exception>
    /// <exception cref="InvalidDataException">A downloaded file's bytes are not those that the Hub names.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public static VitCheckpoint Open(string nameOrPath, string? revision = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrPath);
        string weights = Directory.Exists(nameOrPath) ? WeightFile.FindIn(nameOrPath)
            : File.Exists(nameOrPath) ? nameOrPath
            : WeightFile.FindIn(Fetch(nameOrPath, revision, progress, cancellationToken));
        using ITensorSource source = WeightFile.Open(weights);
        CheckpointNaming naming = CheckpointNaming.Detect(source.Entries.Select(entry => entry.Name)) ?? throw new FormatException(
            $"{weights} has the tensor names of no Vision Transformer that is known; its first are {string.Join(", ", source.Entries.Take(5).Select(entry => $"'{entry.Name}'"))}.");
        ArchitectureDraft draft = ShapeReader.Read(source, naming);
        string config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(weights))!, "config.json");
        if (File.Exists(config))
        {
            ConfigFile.Apply(draft, File.ReadAllBytes(config), config);
        }
        draft.Complete();
        Preprocessing preprocessing = CheckpointPreprocessing.Read(Path.GetDirectoryName(Path.GetFullPath(weights))!, draft, naming);
        return draft.Config.Problems() is { Count: > 0 } problems
            ? throw new FormatException($"{weights} cannot be read as a Vision Transformer: {string.Join(" ", problems)}")
            : new VitCheckpoint(weights, naming, draft, preprocessing);
    }

    /// <summary>The network as it was published, on the CPU in float32, in evaluation mode; the caller's to dispose.</summary>
    /// <exception cref="FormatException">The tensors are not those of <see cref="Model"/>; the message lists the missing, the unexpected and the wrongly shaped.</exception>
    /// <param name="imageSize">Another image size than the architecture's; positions are resized. Null: its own.</param>
    internal VisionTransformer Load(PixelSize? imageSize = null)
    {
        ThrowIfFarTooBig(Model);
        var network = new VisionTransformer(Model with { ImageSize = imageSize ?? Model.ImageSize }, generator: null);
        try
        {
            LoadInto(network);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The architecture for training on other classes and perhaps another image size: the head, where it is not kept, is one linear layer.</summary>
    internal VitConfig ModelFor(IReadOnlyList<string> classes, PixelSize imageSize) => KeepsHeadFor(classes)
        ? Model with { ImageSize = imageSize }
        : Model with { ImageSize = imageSize, Classes = classes.Count, HeadHiddenSize = null };

    /// <summary>Whether the checkpoint's classes are these by name, in any order.</summary>
    internal bool KeepsHeadFor(IReadOnlyList<string> classes) =>
        ClassNames is { } own && own.Count == classes.Count && own.Distinct().Count() == own.Count && own.ToHashSet().SetEquals(classes);

    /// <summary>
    /// Overwrites the network's weights, strictly: all tensors of both must be used, in equal shapes, but for positions, which are resized to the network's image size.
    /// </summary>
    /// <param name="network">A network of <see cref="Model"/>, perhaps for another image size and, with <paramref name="classes"/>, with another head.</param>
    /// <param name="classes">
    /// The names of the network's classes by number, where they may differ from the checkpoint's: the head is then loaded if the classes are the same by name, its rows in their
    /// order, and otherwise stays as it is in the network. Null loads the head as it is.
    /// </param>
    /// <returns>What was changed on the way, each a sentence.</returns>
    /// <exception cref="FormatException">The tensors are not those of the network; the message lists the missing, the unexpected and the wrongly shaped.</exception>
    internal IReadOnlyList<string> LoadInto(VisionTransformer network, IReadOnlyList<string>? classes = null)
    {
        var changes = new List<string>();
        var options = new LoadOptions { KeepsOwnHead = classes is not null && !KeepsHeadFor(classes) };
        if (options.KeepsOwnHead)
        {
            changes.Add(Model.Classes == 0
                ? $"The checkpoint has no classifier; that of {classes!.Count} classes is new."
                : $"The classifier is replaced: the checkpoint's {Model.Classes} classes are not the {classes!.Count} of the data.");
        }
        else if (classes is not null && !ClassNames!.SequenceEqual(classes))
        {
            Dictionary<string, int> rows = ClassNames!.Select((name, row) => (name, row)).ToDictionary(pair => pair.name, pair => pair.row);
            options = options with { HeadRows = [.. classes.Select(name => rows[name])] };
            changes.Add("The classifier is kept, its classes put in the order of the data's.");
        }
        if (_naming.HasGrid && network.Positions is not null && network.Config.Grid != Model.Grid)
        {
            options = options with { Positions = (Model, PositionResize) };
            changes.Add($"Positions are resized from a grid of {Model.Grid} to {network.Config.Grid} ({PositionResize}).");
        }
        using ITensorSource source = WeightFile.Open(_weights);
        StateLoader.Load(network, source, _naming, options);
        return changes;
    }

    private static string Fetch(string name, string? revision, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        string[] parts = name.Split('/');
        if (parts.Length != 2 || parts.Any(part => part.Length == 0 || part[0] == '.') || WeightFile.IsWeightFile(name))
        {
            throw new FileNotFoundException($"'{name}' is neither a folder nor a file here, nor owner/name on the Hub.", name);
        }
        using var hub = new HubClient(HubOptions.FromEnvironment());
        return hub.FetchSnapshot(name, revision, progress, cancellationToken);
    }

    /// <summary>A configuration beside the weights may claim anything; what they cannot nearly fill is not built.</summary>
    private void ThrowIfFarTooBig(VitConfig model)
    {
        using ITensorSource source = WeightFile.Open(_weights);
        long held = source.Entries.Sum(entry => entry.Count);
        if (held < model.ParameterCount / 2)
        {
            throw new FormatException($"{_weights} holds {held} values; the model that its configuration describes has {model.ParameterCount} parameters.");
        }
    }

}
