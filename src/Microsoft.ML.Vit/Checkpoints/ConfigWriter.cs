using System.Text.Json.Nodes;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>The config.json that makes timm or transformers build the same network.</summary>
internal static class ConfigWriter
{
    /// <summary>timm's: an architecture whose every argument is stated, so that its name decides only what no argument can.</summary>
    public static JsonObject Timm(VitConfig config, IReadOnlyList<string>? classNames, JsonObject? preprocessing)
    {
        bool isDistilled = config.HasDistillationToken;
        string pool = config.Pooling == VitPooling.ClassToken ? "token" : "avg";
        var arguments = new JsonObject
        {
            ["img_size"] = Size(config.ImageSize),
            ["patch_size"] = Size(config.PatchSize),
            ["in_chans"] = config.Channels,
            ["embed_dim"] = config.Width,
            ["depth"] = config.Depth,
            ["num_heads"] = config.Heads,
            // timm counts both halves of SwiGLU's packed layer, and cuts the fraction off.
            ["mlp_ratio"] = config.SwiGlu ? ShapeReader.MlpRatio(config.Width, 2L * config.MlpHiddenSize, isGated: false) : config.MlpRatio,
            ["qkv_bias"] = config.QkvBias,
            ["qk_norm"] = config.QkNorm,
            ["init_values"] = config.LayerScale,
        };
        if (!isDistilled)
        {
            arguments["class_token"] = config.HasClassToken;
            arguments["no_embed_class"] = config.HasClassToken && !config.ClassTokenHasPosition;
            arguments["reg_tokens"] = config.RegisterTokens;
            arguments["global_pool"] = pool;
            arguments["fc_norm"] = config.Pooling == VitPooling.Mean;
        }
        if (!config.SwiGlu)
        {
            arguments["act_layer"] = config.Activation switch
            {
                VitActivation.GeluTanh => "gelu_tanh",
                VitActivation.Relu => "relu",
                VitActivation.Tanh => "tanh",
                _ => "gelu",
            };
        }
        var pretrained = new JsonObject
        {
            ["input_size"] = new JsonArray(config.Channels, config.ImageSize.Height, config.ImageSize.Width),
            ["fixed_input_size"] = true,
            ["num_classes"] = config.Classes,
            ["pool_size"] = null,
            ["first_conv"] = "patch_embed.proj",
            ["classifier"] = isDistilled ? new JsonArray("head", "head_dist") : "head",
        };
        foreach ((string name, JsonNode? value) in preprocessing ?? [])
        {
            pretrained[name] = value?.DeepClone();
        }
        var root = new JsonObject
        {
            ["architecture"] = isDistilled ? "deit_base_distilled_patch16_224" : config.SwiGlu ? "vit_giant_patch14_dinov2" : "vit_base_patch16_224",
            ["num_classes"] = config.Classes,
            ["num_features"] = config.Width,
            ["global_pool"] = pool,
        };
        if (classNames is not null && config.Classes > 0)
        {
            root["label_names"] = new JsonArray([.. classNames.Select(name => (JsonNode)name)]);
        }
        root["model_args"] = arguments;
        root["pretrained_cfg"] = pretrained;
        return root;
    }

    /// <summary>Hugging Face's, of the family that can express the network.</summary>
    public static JsonObject HuggingFace(VitConfig config, IReadOnlyList<string>? classNames)
    {
        HuggingFaceFamily family = LayoutLimits.FamilyOf(config);
        bool isDino = family is HuggingFaceFamily.Dinov2 or HuggingFaceFamily.Dinov2WithRegisters;
        string suffix = config.Classes == 0 ? "Model" : config.Distillation == VitDistillation.TokenAndHead ? "ForImageClassificationWithTeacher" : "ForImageClassification";
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray(family + suffix),
            ["model_type"] = family switch
            {
                HuggingFaceFamily.Dinov2WithRegisters => "dinov2_with_registers",
                _ => family.ToString().ToLowerInvariant(),
            },
            ["dtype"] = "float32",
            ["image_size"] = Size(config.ImageSize),
            ["patch_size"] = Size(config.PatchSize),
            ["num_channels"] = config.Channels,
            ["hidden_size"] = config.Width,
            ["num_hidden_layers"] = config.Depth,
            ["num_attention_heads"] = config.Heads,
            ["hidden_act"] = Activation(config.Activation),
            ["layer_norm_eps"] = config.NormEpsilon,
            ["qkv_bias"] = config.QkvBias,
            ["hidden_dropout_prob"] = config.Dropout,
            ["attention_probs_dropout_prob"] = config.AttentionDropout,
            ["initializer_range"] = 0.02,
        };
        if (isDino)
        {
            root["mlp_ratio"] = config.MlpRatio == Math.Floor(config.MlpRatio) ? (int)config.MlpRatio : config.MlpRatio;
            root["use_swiglu_ffn"] = config.SwiGlu;
            root["layerscale_value"] = config.LayerScale ?? 1;
            root["drop_path_rate"] = config.DropPath;
        }
        else
        {
            root["intermediate_size"] = config.MlpHiddenSize;
            root["encoder_stride"] = config.PatchSize.Height;
            root["pooler_output_size"] = config.HeadHiddenSize ?? config.Width;
            root["pooler_act"] = Activation(config.HeadActivation);
        }
        if (family == HuggingFaceFamily.Dinov2WithRegisters)
        {
            root["num_register_tokens"] = config.RegisterTokens;
        }
        if (config.Classes > 0)
        {
            JsonObject byNumber = [], byName = [];
            for (int i = 0; i < config.Classes; i++)
            {
                string name = classNames?[i] ?? $"LABEL_{i}";
                byNumber[$"{i}"] = name;
                byName[name] = i;
            }
            root["id2label"] = byNumber;
            root["label2id"] = byName;
        }
        return root;
    }

    private static JsonNode Size(PixelSize size) => size.Height == size.Width ? size.Height : new JsonArray(size.Height, size.Width);

    private static string Activation(VitActivation activation) => activation switch
    {
        VitActivation.GeluTanh => "gelu_pytorch_tanh",
        VitActivation.Relu => "relu",
        VitActivation.Tanh => "tanh",
        _ => "gelu",
    };
}
