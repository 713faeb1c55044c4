namespace Microsoft.ML.Vit.Checkpoints;

internal sealed partial record CheckpointNaming
{
    /// <summary>Hugging Face's Dinov2Model and Dinov2ForImageClassification, with registers or without; the classifier's input is the class token and the patches' mean.</summary>
    public static CheckpointNaming HuggingFaceDinov2 { get; } = new(
        "Hugging Face DINOv2",
        [
            .. EmbeddingRules("{x}embeddings."),
            new("reg_token", "{x}embeddings.register_tokens"),
            .. AttentionRules("{x}encoder.layer.{i}.attention.attention.", "query", "key", "value", "{x}encoder.layer.{i}.attention.output.dense"),
            new("blocks.{i}.norm1.{p}", "{x}encoder.layer.{i}.norm1.{p}"),
            new("blocks.{i}.norm2.{p}", "{x}encoder.layer.{i}.norm2.{p}"),
            new("blocks.{i}.ls1.gamma", "{x}encoder.layer.{i}.layer_scale1.lambda1"),
            new("blocks.{i}.ls2.gamma", "{x}encoder.layer.{i}.layer_scale2.lambda1"),
            new("blocks.{i}.mlp.fc1.{p}", "{x}encoder.layer.{i}.mlp.fc1.{p}"),
            new("blocks.{i}.mlp.fc2.{p}", "{x}encoder.layer.{i}.mlp.fc2.{p}"),
            new("norm.{p}", "{x}layernorm.{p}"),
            new("head.{p}", "classifier.{p}"),
        ])
    {
        Signature = ["{x}encoder.layer.0.layer_scale1.lambda1", "{x}encoder.layer.0.mlp.fc1.weight"],
        Prefixes = ["dinov2.", "dinov2_with_registers.", ""],
        Ignored = ["{x}embeddings.mask_token"],
        Resize = PositionResize.Bicubic,
        ResizeWithRegisters = PositionResize.BicubicAntialias,
    };

    /// <summary>The same with SwiGLU.</summary>
    public static CheckpointNaming HuggingFaceDinov2SwiGlu { get; } = HuggingFaceDinov2 with
    {
        Rules =
        [
            .. HuggingFaceDinov2.Rules.Where(rule => !rule.Target.Contains(".mlp.", StringComparison.Ordinal)),
            new("blocks.{i}.mlp.fc1.{p}", "{x}encoder.layer.{i}.mlp.weights_in.{p}"),
            new("blocks.{i}.mlp.fc2.{p}", "{x}encoder.layer.{i}.mlp.weights_out.{p}"),
        ],
        Signature = ["{x}encoder.layer.0.layer_scale1.lambda1", "{x}encoder.layer.0.mlp.weights_in.weight"],
    };

    /// <summary>
    /// Hugging Face's ViT and DeiT. Version 5 of transformers has other names in memory and writes them where it is asked not to go back to the original ones.
    /// </summary>
    public static CheckpointNaming HuggingFace(HuggingFaceHead head, bool isVersion5)
    {
        string block = isVersion5 ? "{x}layers.{i}." : "{x}encoder.layer.{i}.";
        return new(
            isVersion5 ? "Hugging Face (transformers 5)" : "Hugging Face",
            [
                .. EmbeddingRules("{x}embeddings."),
                new("dist_token", "{x}embeddings.distillation_token"),
                .. isVersion5
                    ? AttentionRules(block + "attention.", "q_proj", "k_proj", "v_proj", block + "attention.o_proj")
                    : AttentionRules(block + "attention.attention.", "query", "key", "value", block + "attention.output.dense"),
                new("blocks.{i}.norm1.{p}", block + "layernorm_before.{p}"),
                new("blocks.{i}.norm2.{p}", block + "layernorm_after.{p}"),
                new("blocks.{i}.mlp.fc1.{p}", block + (isVersion5 ? "mlp.fc1.{p}" : "intermediate.dense.{p}")),
                new("blocks.{i}.mlp.fc2.{p}", block + (isVersion5 ? "mlp.fc2.{p}" : "output.dense.{p}")),
                new("norm.{p}", "{x}layernorm.{p}"),
                .. head switch
                {
                    HuggingFaceHead.None => new NamingRule[] { new("pre_logits.fc.{p}", "{x}pooler.dense.{p}") },
                    HuggingFaceHead.One => [new("head.{p}", "classifier.{p}")],
                    _ => [new("head.{p}", "cls_classifier.{p}"), new("head_dist.{p}", "distillation_classifier.{p}")],
                },
            ])
        {
            Signature =
            [
                block + "layernorm_before.weight",
                .. head switch
                {
                    HuggingFaceHead.None => Array.Empty<string>(),
                    HuggingFaceHead.One => ["classifier.weight"],
                    _ => ["cls_classifier.weight"],
                },
            ],
            Prefixes = ["vit.", "deit.", ""],
            // A classifier does not use the pooler that some files have beside it.
            Ignored = head == HuggingFaceHead.None ? ["{x}embeddings.mask_token"] : ["{x}embeddings.mask_token", "{x}pooler.dense.{p}"],
            Defaults = new VitConfig { NormEpsilon = 1e-12 },
            Resize = PositionResize.Bicubic,
        };
    }

    private static NamingRule[] EmbeddingRules(string embeddings) =>
    [
        new("patch_embed.proj.{p}", embeddings + "patch_embeddings.projection.{p}"),
        new("cls_token", embeddings + "cls_token"),
        new("pos_embed", embeddings + "position_embeddings"),
    ];

    private static NamingRule[] AttentionRules(string attention, string query, string key, string value, string output) =>
    [
        new("blocks.{i}.attn.qkv.{p}", attention + query + ".{p}", attention + key + ".{p}", attention + value + ".{p}"),
        new("blocks.{i}.attn.proj.{p}", output + ".{p}"),
    ];
}
