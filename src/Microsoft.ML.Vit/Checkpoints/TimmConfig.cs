using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Reads the architecture from a config.json as timm writes it to the Hub (<c>timm.models._hub.save_config_for_hf</c>): the sizes that the architecture's name stands for, overridden by <c>model_args</c>.
/// Preprocessing (<c>pretrained_cfg</c>) is not read here, but for the image size.
/// </summary>
internal static partial class TimmConfig
{
    // They change training or speed, not what the network computes in evaluation.
    private static readonly HashSet<string> s_withoutEffect =
        ["drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad", "num_classes"];

    /// <summary>The configuration; it is checked when a network is built of it.</summary>
    /// <param name="json">The file.</param>
    /// <param name="source">The file's name for messages.</param>
    /// <exception cref="FormatException">Not JSON, not a plain Vision Transformer, or an argument that is not known.</exception>
    public static VitConfig Read(Stream json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement, source);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException
            || (error is FormatException && !error.Message.StartsWith(source, StringComparison.Ordinal))) // a fraction where JsonElement was asked for a whole number
        {
            throw new FormatException($"{source}: not a timm configuration: {error.Message}", error);
        }
    }

    private static VitConfig Read(JsonElement root, string source)
    {
        VitConfig config = Named(root.GetProperty("architecture").GetString()!, source);
        if (root.TryGetProperty("pretrained_cfg", out JsonElement pretrained) && pretrained.TryGetProperty("input_size", out JsonElement input))
        {
            config = config with { Channels = input[0].GetInt32(), ImageSize = new PixelSize(input[1].GetInt32(), input[2].GetInt32()) };
        }
        if (root.TryGetProperty("num_classes", out JsonElement classes))
        {
            config = config with { Classes = classes.GetInt32() };
        }
        if (root.TryGetProperty("global_pool", out JsonElement pool))
        {
            config = config with { Pooling = Pooling(pool, source) };
        }
        if (root.TryGetProperty("model_args", out JsonElement arguments))
        {
            foreach (JsonProperty argument in arguments.EnumerateObject())
            {
                config = With(config, argument.Name, argument.Value, source);
            }
        }
        return config;
    }

    private static VitConfig With(VitConfig config, string name, JsonElement value, string source) => name switch
    {
        "img_size" => config with { ImageSize = Size(value) },
        "patch_size" => config with { PatchSize = Size(value) },
        "in_chans" => config with { Channels = value.GetInt32() },
        "embed_dim" => config with { Width = value.GetInt32() },
        "depth" => config with { Depth = value.GetInt32() },
        "num_heads" => config with { Heads = value.GetInt32() },
        "mlp_ratio" => config with { MlpRatio = value.GetDouble() },
        "qkv_bias" => config with { QkvBias = value.GetBoolean() },
        "qk_norm" => config with { QkNorm = value.GetBoolean() },
        "init_values" => config with { LayerScale = value.ValueKind == JsonValueKind.Null ? null : value.GetDouble() },
        "class_token" => config with { HasClassToken = value.GetBoolean() },
        "no_embed_class" => config with { ClassTokenHasPosition = !value.GetBoolean() },
        "reg_tokens" => config with { RegisterTokens = value.GetInt32() },
        "global_pool" => config with { Pooling = Pooling(value, source) },
        "act_layer" => config with { Activation = Activation(value, source) },
        _ => s_withoutEffect.Contains(name) ? config : throw new FormatException($"{source}: model_args has '{name}', which is not supported."),
    };

    private static PixelSize Size(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? new PixelSize(value[0].GetInt32(), value[1].GetInt32()) : value.GetInt32();

    private static VitPooling Pooling(JsonElement value, string source) => value.GetString() switch
    {
        "token" => VitPooling.ClassToken,
        "avg" => VitPooling.Mean,
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

    private static VitConfig Named(string architecture, string source)
    {
        Match match = ArchitecturePattern().Match(architecture);
        if (!match.Success)
        {
            throw new FormatException($"{source}: the architecture is '{architecture}'; expected a plain one, as in vit_base_patch16_224.");
        }
        VitConfig size = match.Groups["size"].Value switch
        {
            "tiny" => VitConfig.Tiny16,
            "small" => VitConfig.Small16,
            "base" => VitConfig.Base16,
            "large" => VitConfig.Large16,
            _ => VitConfig.Huge16,
        };
        return size with { PatchSize = int.Parse(match.Groups["patch"].Value), ImageSize = int.Parse(match.Groups["image"].Value) };
    }

    [GeneratedRegex(@"^(vit|deit)_(?<size>tiny|small|base|large|huge)_patch(?<patch>\d{1,3})_(?<image>\d{1,4})$")]
    private static partial Regex ArchitecturePattern();
}
