using System.Globalization;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Works out an architecture from the shapes of a checkpoint's tensors, whatever their naming: it asks for the network's names and is told the shapes that would arrive there.</summary>
internal static class ShapeReader
{
    private const double InitialLayerScale = 1e-5;
    private const int UsualHeadSize = 64;
    private const int TinyHeadSize = 16;

    /// <summary>Widths of published models whose heads are not of 64, and their heads: ViT-H, ViT-g, SO400M, ViT-G.</summary>
    private static readonly Dictionary<int, int> s_headsOfWidth = new() { [1280] = 16, [1408] = 16, [1152] = 16, [1664] = 16 };

    /// <summary>The architecture as far as shapes tell; the rest is the naming's habit, and doubtful.</summary>
    /// <exception cref="FormatException">A tensor that every Vision Transformer has is missing, or its shape cannot be one.</exception>
    public static ArchitectureDraft Read(ITensorSource source, CheckpointNaming naming)
    {
        Dictionary<string, TensorEntry> entries = source.Entries.ToDictionary(entry => entry.Name);
        VitConfig defaults = naming.Defaults;
        IReadOnlyList<long>? Find(string target, int rank)
        {
            NamingRule rule = naming.RuleFor(target);
            if (!entries.TryGetValue(rule.Sources[0], out TensorEntry? first))
            {
                return null;
            }
            IReadOnlyList<long>? shape = rule.ShapeOf(first, defaults);
            return shape?.Count == rank && shape.All(size => size is > 0 and <= int.MaxValue)
                ? shape
                : throw new FormatException($"{source.Source}: tensor '{first.Name}' has shape {first.ShapeText}, which cannot be the network's {target}.");
        }
        IReadOnlyList<long> Get(string target, int rank) => Find(target, rank)
            ?? throw new FormatException($"{source.Source}: there is no tensor '{naming.RuleFor(target).Sources[0]}', which {naming.Name}'s checkpoints of Vision Transformers have.");

        IReadOnlyList<long> patch = Get("patch_embed.proj.weight", 4); // (D, C, height, width)
        int width = (int)patch[0];
        int depth = 0;
        while (Find($"blocks.{depth}.norm1.weight", 1) is not null)
        {
            depth++;
        }
        bool hasClassToken = Find("cls_token", 3) is not null;
        IReadOnlyList<long>? head = Find("head.weight", 2), hidden = Find("pre_logits.fc.weight", 2);
        long pooled = hidden?[1] ?? head?[1] ?? width;
        long fc1 = Get("blocks.0.mlp.fc1.weight", 2)[0], fc2 = Get("blocks.0.mlp.fc2.weight", 2)[1];
        bool isGated = fc1 == 2 * fc2;
        long? rows = naming.HasGrid ? Get("pos_embed", 3)[1] : null;
        var config = defaults with
        {
            PatchSize = new PixelSize((int)patch[2], (int)patch[3]),
            Channels = (int)patch[1],
            Width = width,
            Depth = depth,
            SwiGlu = isGated,
            MlpRatio = MlpRatio(width, fc2, isGated),
            HasClassToken = hasClassToken,
            Distillation = Find("dist_token", 3) is null ? VitDistillation.None
                : Find("head_dist.weight", 2) is null ? VitDistillation.Token
                : VitDistillation.TokenAndHead,
            RegisterTokens = (int)(Find("reg_token", 3)?[1] ?? 0),
            QkvBias = Find("blocks.0.attn.qkv.bias", 1) is not null,
            QkNorm = Find("blocks.0.attn.q_norm.weight", 1) is not null,
            LayerScale = Find("blocks.0.ls1.gamma", 1) is null ? null : InitialLayerScale,
            Pooling = Find("fc_norm.weight", 1) is not null ? VitPooling.Mean
                : !hasClassToken ? VitPooling.NormalizedMean
                : pooled == 2 * width ? VitPooling.ClassTokenAndMean
                : VitPooling.ClassToken,
            HeadHiddenSize = (int?)hidden?[0],
            Classes = (int)(head?[0] ?? 0),
        };
        var draft = new ArchitectureDraft(config) { PositionRows = rows };
        ReadGrid(draft, naming);
        ReadHeads(
            draft,
            Find("blocks.0.attn.q_norm.weight", 1)?[0],
            naming.HeadsTensor is { } tensor && entries.TryGetValue(naming.Fill(tensor), out TensorEntry? query) && query.Shape.Count == 3 ? query.Shape[1] : null);
        draft.Doubt(nameof(VitConfig.NormEpsilon), string.Create(CultureInfo.InvariantCulture, $"The epsilon of layer normalisation is not in the file; taken as {config.NormEpsilon}, {naming.Name}'s default."));
        if (!isGated)
        {
            draft.Doubt(nameof(VitConfig.Activation), $"The activation is not in the file; taken as {config.Activation}, {naming.Name}'s default.");
        }
        return draft;
    }

    /// <summary>The ratio whose hidden size is exactly this one.</summary>
    public static double MlpRatio(int width, long hidden, bool isGated)
    {
        var config = new VitConfig { Width = width, SwiGlu = isGated };
        if (config.MlpHiddenSize == hidden)
        {
            return config.MlpRatio;
        }
        double ratio = (isGated ? 1.5 : 1) * hidden / width;
        return (config with { MlpRatio = ratio }).MlpHiddenSize == hidden ? ratio : Math.BitIncrement(ratio);
    }

    /// <summary>A square image, where the rows allow one.</summary>
    private static void ReadGrid(ArchitectureDraft draft, CheckpointNaming naming)
    {
        VitConfig config = draft.Config;
        if (draft.PositionRows is not long rows)
        {
            draft.Doubt(nameof(VitConfig.ImageSize), $"The image size is not in the file, and {naming.Name}'s positions do not tell; taken as {config.ImageSize}.");
            return;
        }
        int prefix = config.HasClassToken ? (config.HasDistillationToken ? 2 : 1) : 0;
        foreach (long patches in new[] { rows - prefix, rows })
        {
            int side = (int)Math.Sqrt(patches);
            if (patches > 0 && (long)side * side == patches)
            {
                draft.Config = config with { ImageSize = new PixelSize(side * config.PatchSize.Height, side * config.PatchSize.Width) };
                draft.Doubt(nameof(VitConfig.ImageSize), $"The image size is not in the file; taken as {draft.Config.ImageSize}, of {rows} positions in a square.");
                return;
            }
        }
        draft.Doubt(nameof(VitConfig.ImageSize), $"The image size is not in the file, and {rows} positions make no square; taken as {config.ImageSize}.");
    }

    private static void ReadHeads(ArchitectureDraft draft, long? normSize, long? known)
    {
        int width = draft.Config.Width;
        if (known is null && normSize is > 0)
        {
            known = width / normSize;
        }
        int heads = (int?)known
            ?? (s_headsOfWidth.TryGetValue(width, out int published) ? published
            : width % UsualHeadSize == 0 ? width / UsualHeadSize
            : width % TinyHeadSize == 0 ? width / TinyHeadSize
            : 1);
        draft.Config = draft.Config with { Heads = heads };
        if (known is null)
        {
            draft.Doubt(nameof(VitConfig.Heads), $"The number of attention heads is not in the file; taken as {heads}, of {width / heads} each.");
        }
    }
}
