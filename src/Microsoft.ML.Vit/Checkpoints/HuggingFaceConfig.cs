using System.Text.Json;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Reads the architecture from a config.json as Hugging Face's transformers writes it for ViT, DeiT and DINOv2 with or without registers.</summary>
internal static class HuggingFaceConfig
{
    private static readonly string[] s_types = ["vit", "deit", "dinov2", "dinov2_with_registers"];

    /// <summary>Overrides the draft with what the file states.</summary>
    /// <exception cref="FormatException">Another kind of model, or an activation that is not known.</exception>
    public static void Apply(ArchitectureDraft draft, JsonElement root, string source)
    {
        string? type = root.TryGetProperty("model_type", out JsonElement stated) ? stated.GetString() : null;
        if (type is not null && !s_types.Contains(type))
        {
            throw new FormatException($"{source}: model_type is '{type}'; expected one of {string.Join(", ", s_types)}.");
        }
        foreach (JsonProperty property in root.EnumerateObject())
        {
            JsonElement value = property.Value;
            VitConfig config = draft.Config;
            switch (property.Name)
            {
                case "image_size": draft.State(nameof(VitConfig.ImageSize), config with { ImageSize = JsonSizes.Read(value) }); break;
                case "num_attention_heads": draft.State(nameof(VitConfig.Heads), config with { Heads = value.GetInt32() }); break;
                case "layer_norm_eps": draft.State(nameof(VitConfig.NormEpsilon), config with { NormEpsilon = value.GetDouble() }); break;
                case "hidden_act": draft.State(nameof(VitConfig.Activation), config with { Activation = config.SwiGlu ? config.Activation : Activation(value, source) }); break;
                case "patch_size": draft.Config = config with { PatchSize = JsonSizes.Read(value) }; break;
                case "num_channels": draft.Config = config with { Channels = value.GetInt32() }; break;
                case "hidden_size": draft.Config = config with { Width = value.GetInt32() }; break;
                case "num_hidden_layers": draft.Config = config with { Depth = value.GetInt32() }; break;
                case "qkv_bias": draft.Config = config with { QkvBias = value.GetBoolean() }; break;
                case "hidden_dropout_prob": draft.Config = config with { Dropout = value.GetDouble() }; break;
                case "attention_probs_dropout_prob": draft.Config = config with { AttentionDropout = value.GetDouble() }; break;
                case "drop_path_rate": draft.Config = config with { DropPath = value.GetDouble() }; break;
                case "layerscale_value": draft.Config = config with { LayerScale = value.GetDouble() }; break;
                case "num_register_tokens" when type == "dinov2_with_registers": draft.Config = config with { RegisterTokens = value.GetInt32() }; break;
                case "use_swiglu_ffn": draft.Config = config with { SwiGlu = value.GetBoolean() }; break;
                case "pooler_act" when config.Classes == 0: draft.Config = config with { HeadActivation = Activation(value, source) }; break;
                default: break; // training, other tasks, or bookkeeping
            }
        }
        // They count in widths, so they come after it.
        if (root.TryGetProperty("mlp_ratio", out JsonElement ratio))
        {
            draft.Config = draft.Config with { MlpRatio = ratio.GetDouble() };
        }
        else if (root.TryGetProperty("intermediate_size", out JsonElement hidden))
        {
            draft.Config = draft.Config with { MlpRatio = ShapeReader.MlpRatio(draft.Config.Width, hidden.GetInt32(), isGated: false) };
        }
        draft.ClassNames = LabelNames.FromHuggingFace(root);
    }

    private static VitActivation Activation(JsonElement value, string source) => value.GetString() switch
    {
        "gelu" => VitActivation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" => VitActivation.GeluTanh,
        "relu" => VitActivation.Relu,
        "tanh" => VitActivation.Tanh,
        string other => throw new FormatException($"{source}: the activation is '{other}'; expected gelu, gelu_new, gelu_pytorch_tanh, relu or tanh."),
        null => throw new FormatException($"{source}: the activation is null; expected gelu, gelu_new, gelu_pytorch_tanh, relu or tanh."),
    };
}
