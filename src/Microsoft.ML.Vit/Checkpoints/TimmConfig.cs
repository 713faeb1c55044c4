using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Reads the architecture from a config.json as timm writes it to the Hub (<c>timm.models._hub.save_config_for_hf</c>): the sizes that the architecture's name stands for, overridden by <c>model_args</c>.
/// Preprocessing (<c>pretrained_cfg</c>) is not read here, but for the image size.
/// </summary>
internal static partial class TimmConfig
{
    // They change training, speed or what the tensors tell, not what the network computes in evaluation.
    private static readonly HashSet<string> s_withoutEffect =
    [
        "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad",
        "num_classes", "fc_norm", "final_norm", "strict_img_size", "pretrained_strict",
    ];

    /// <summary>Overrides the draft with what the file states.</summary>
    /// <exception cref="FormatException">Not a Vision Transformer, or an argument that is not known.</exception>
    public static void Apply(ArchitectureDraft draft, JsonElement root, string source)
    {
        string architecture = root.GetProperty("architecture").GetString()!;
        if (!ArchitecturePattern().IsMatch(architecture))
        {
            throw new FormatException($"{source}: the architecture is '{architecture}'; expected a Vision Transformer, vit_* or deit*.");
        }
        ApplyName(draft, architecture);
        if (root.TryGetProperty("pretrained_cfg", out JsonElement pretrained) && pretrained.TryGetProperty("input_size", out JsonElement input))
        {
            draft.State(
                nameof(VitConfig.ImageSize),
                draft.Config with { Channels = input[0].GetInt32(), ImageSize = new PixelSize(input[1].GetInt32(), input[2].GetInt32()) });
        }
        if (root.TryGetProperty("num_classes", out JsonElement classes))
        {
            draft.Config = draft.Config with { Classes = classes.GetInt32() };
        }
        if (root.TryGetProperty("global_pool", out JsonElement pool))
        {
            draft.Config = draft.Config with { Pooling = Pooling(draft, pool, source) };
        }
        // timm's blocks have these unless an argument says otherwise.
        draft.State(nameof(VitConfig.NormEpsilon), draft.Config with { NormEpsilon = 1e-6 });
        draft.State(nameof(VitConfig.Activation), draft.Config with { Activation = VitActivation.Gelu });
        if (root.TryGetProperty("model_args", out JsonElement arguments))
        {
            foreach (JsonProperty argument in arguments.EnumerateObject())
            {
                Apply(draft, argument.Name, argument.Value, source);
            }
        }
        draft.ClassNames = LabelNames.FromTimm(root);
    }

    private static void Apply(ArchitectureDraft draft, string name, JsonElement value, string source)
    {
        VitConfig config = draft.Config;
        switch (name)
        {
            case "img_size": draft.State(nameof(VitConfig.ImageSize), config with { ImageSize = JsonSizes.Read(value) }); break;
            case "num_heads": draft.State(nameof(VitConfig.Heads), config with { Heads = value.GetInt32() }); break;
            case "global_pool": draft.Config = config with { Pooling = Pooling(draft, value, source) }; break;
            default: draft.Config = With(config, name, value, source); break;
        }
    }

    private static VitConfig With(VitConfig config, string name, JsonElement value, string source) => name switch
    {
        "patch_size" => config with { PatchSize = JsonSizes.Read(value) },
        "in_chans" => config with { Channels = value.GetInt32() },
        "embed_dim" => config with { Width = value.GetInt32() },
        "depth" => config with { Depth = value.GetInt32() },
        "mlp_ratio" => config.SwiGlu ? config : config with { MlpRatio = value.GetDouble() }, // timm counts SwiGLU's packed layer, the shapes tell
        "qkv_bias" => config with { QkvBias = value.GetBoolean() },
        "qk_norm" => config with { QkNorm = value.GetBoolean() },
        "init_values" => config with { LayerScale = value.ValueKind == JsonValueKind.Null ? null : value.GetDouble() },
        "class_token" => config with { HasClassToken = value.GetBoolean() },
        "no_embed_class" => config with { ClassTokenHasPosition = !value.GetBoolean() },
        "reg_tokens" => config with { RegisterTokens = value.GetInt32() },
        "act_layer" => config with { Activation = Activation(value, source) },
        _ => s_withoutEffect.Contains(name) ? config : throw new FormatException($"{source}: model_args has '{name}', which is not supported."),
    };

    private static VitPooling Pooling(ArchitectureDraft draft, JsonElement value, string source) => value.GetString() switch
    {
        "token" => VitPooling.ClassToken,
        // Whether the norm is before or after the mean, the tensors tell; where none are known it is after.
        "avg" => draft.PositionRows is null || draft.Config.Pooling == VitPooling.Mean ? VitPooling.Mean : VitPooling.NormalizedMean,
        string other => throw new FormatException($"{source}: global_pool is '{other}'; expected token or avg."),
        null => throw new FormatException($"{source}: global_pool is null; expected token or avg."),
    };

    private static VitActivation Activation(JsonElement value, string source) => value.GetString() switch
    {
        "gelu" => VitActivation.Gelu,
        "gelu_tanh" => VitActivation.GeluTanh,
        "relu" => VitActivation.Relu,
        "tanh" => VitActivation.Tanh,
        string other => throw new FormatException($"{source}: act_layer is '{other}'; expected gelu, gelu_tanh, relu or tanh."),
        null => VitActivation.Gelu,
    };

    /// <summary>A plain name states all sizes; of others the tensors tell.</summary>
    private static void ApplyName(ArchitectureDraft draft, string architecture)
    {
        Match match = PlainPattern().Match(architecture);
        if (!match.Success)
        {
            return;
        }
        VitConfig size = match.Groups["size"].Value switch
        {
            "tiny" => VitConfig.Tiny16,
            "small" => VitConfig.Small16,
            "base" => VitConfig.Base16,
            "large" => VitConfig.Large16,
            _ => VitConfig.Huge16,
        };
        draft.State(nameof(VitConfig.Heads), draft.Config with { Width = size.Width, Depth = size.Depth, Heads = size.Heads });
        draft.State(
            nameof(VitConfig.ImageSize),
            draft.Config with { PatchSize = int.Parse(match.Groups["patch"].Value), ImageSize = int.Parse(match.Groups["image"].Value) });
    }

    [GeneratedRegex(@"^(vit|deit)")]
    private static partial Regex ArchitecturePattern();

    [GeneratedRegex(@"^(vit|deit)_(?<size>tiny|small|base|large|huge)_(distilled_)?patch(?<patch>\d{1,3})_(?<image>\d{1,4})$")]
    private static partial Regex PlainPattern();
}
