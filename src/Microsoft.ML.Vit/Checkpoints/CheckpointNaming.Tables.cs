namespace Microsoft.ML.Vit.Checkpoints;

internal sealed partial record CheckpointNaming
{
    private const string SeedBlock = "transformer_layers.{i}.";

    /// <summary>timm's, the network's own; original DeiT's too.</summary>
    public static CheckpointNaming Timm { get; } = new("timm", []) { Signature = ["blocks.0.attn.qkv.weight"] };

    /// <summary>DeiT-III's, as its authors published it: timm's but for LayerScale.</summary>
    public static CheckpointNaming Deit3 { get; } = new(
        "DeiT-III",
        [
            new("blocks.{i}.ls1.gamma", "blocks.{i}.gamma_1"),
            new("blocks.{i}.ls2.gamma", "blocks.{i}.gamma_2"),
        ])
    {
        Signature = ["blocks.0.attn.qkv.weight", "blocks.0.gamma_1"],
        Resize = PositionResize.Bicubic,
    };

    /// <summary>DINOv2's, as its authors published it: timm's but for registers and SwiGLU.</summary>
    public static CheckpointNaming Dinov2 { get; } = new(
        "DINOv2",
        [
            new("reg_token", "register_tokens"),
        ])
    {
        Signature = ["blocks.0.attn.qkv.weight", "mask_token"],
        Ignored = ["mask_token"],
        Resize = PositionResize.BicubicOffset,
        ResizeWithRegisters = PositionResize.BicubicAntialias,
    };

    /// <summary>The same with SwiGLU (ViT-g).</summary>
    public static CheckpointNaming Dinov2SwiGlu { get; } = Dinov2 with
    {
        Rules = [.. Dinov2.Rules, new("blocks.{i}.mlp.fc1.{p}", "blocks.{i}.mlp.w12.{p}"), new("blocks.{i}.mlp.fc2.{p}", "blocks.{i}.mlp.w3.{p}")],
        Signature = ["blocks.0.mlp.w12.weight"],
    };

    /// <summary>torchvision's; the pre-logits layer is there with <c>representation_size</c>.</summary>
    public static CheckpointNaming Torchvision { get; } = TorchvisionNaming("torchvision", "mlp.0", "mlp.3");

    /// <summary>The same before its version 0.14, whose MLP layers had names.</summary>
    public static CheckpointNaming TorchvisionLegacy { get; } = TorchvisionNaming("torchvision before 0.14", "mlp.linear_1", "mlp.linear_2");

    /// <summary>
    /// The seed's, labml.ai's annotated Vision Transformer: queries, keys and values apart, a table of positions (5000, 1, D) of which the first 1 + N are used.
    /// </summary>
    public static CheckpointNaming Labml { get; } = new(
        "labml",
        [
            new("patch_embed.proj.{p}", "patch_emb.conv.{p}"),
            new("cls_token", "cls_token_emb"),
            new("pos_embed", "pos_emb.positional_encodings") { Reshape = (table, config) => table.narrow(0, 0, config.PositionRows).transpose(0, 1) },
            new("blocks.{i}.norm1.{p}", SeedBlock + "norm_self_attn.{p}"),
            new("blocks.{i}.attn.qkv.{p}", SeedBlock + "self_attn.query.linear.{p}", SeedBlock + "self_attn.key.linear.{p}", SeedBlock + "self_attn.value.linear.{p}"),
            new("blocks.{i}.attn.proj.{p}", SeedBlock + "self_attn.output.{p}"),
            new("blocks.{i}.norm2.{p}", SeedBlock + "norm_ff.{p}"),
            new("blocks.{i}.mlp.fc1.{p}", SeedBlock + "feed_forward.layer1.{p}"),
            new("blocks.{i}.mlp.fc2.{p}", SeedBlock + "feed_forward.layer2.{p}"),
            new("norm.{p}", "ln.{p}"),
            new("pre_logits.fc.{p}", "classification.linear1.{p}"),
            new("head.{p}", "classification.linear2.{p}"),
        ])
    {
        Signature = ["transformer_layers.0.norm_self_attn.weight"],
        Defaults = VitConfig.Labml,
        HasGrid = false,
    };

    /// <summary>All, in the order in which detection tries them: special ones before those that they are special cases of.</summary>
    public static IReadOnlyList<CheckpointNaming> All => s_all.Value;

    // Lazy, since the tables lie in several files, whose order of initialisation is not defined.
    private static readonly Lazy<CheckpointNaming[]> s_all = new(() =>
    [
        HuggingFace(HuggingFaceHead.Two, isVersion5: false),
        HuggingFace(HuggingFaceHead.One, isVersion5: false),
        HuggingFace(HuggingFaceHead.None, isVersion5: false),
        HuggingFace(HuggingFaceHead.Two, isVersion5: true),
        HuggingFace(HuggingFaceHead.One, isVersion5: true),
        HuggingFace(HuggingFaceHead.None, isVersion5: true),
        HuggingFaceDinov2,
        HuggingFaceDinov2SwiGlu,
        Torchvision,
        TorchvisionLegacy,
        Flax("Google Flax", "MultiHeadDotProductAttention_1", "LayerNorm_2", "MlpBlock_3", "Transformer/posembed_input/pos_embedding"),
        Flax("big_vision", "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0", "pos_embedding"),
        Labml,
        Deit3,
        Dinov2SwiGlu,
        Dinov2,
        Timm,
    ]);

    private static CheckpointNaming TorchvisionNaming(string name, string first, string second)
    {
        const string Block = "encoder.layers.encoder_layer_{i}.";
        return new(
            name,
            [
                new("patch_embed.proj.{p}", "conv_proj.{p}"),
                new("cls_token", "class_token"),
                new("pos_embed", "encoder.pos_embedding"),
                new("blocks.{i}.norm1.{p}", Block + "ln_1.{p}"),
                new("blocks.{i}.attn.qkv.{p}", Block + "self_attention.in_proj_{p}"),
                new("blocks.{i}.attn.proj.{p}", Block + "self_attention.out_proj.{p}"),
                new("blocks.{i}.norm2.{p}", Block + "ln_2.{p}"),
                new("blocks.{i}.mlp.fc1.{p}", Block + first + ".{p}"),
                new("blocks.{i}.mlp.fc2.{p}", Block + second + ".{p}"),
                new("norm.{p}", "encoder.ln.{p}"),
                new("pre_logits.fc.{p}", "heads.pre_logits.{p}"),
                new("head.{p}", "heads.head.{p}"),
            ])
        {
            Signature = [Block + first + ".weight"],
            Resize = PositionResize.BicubicAlignCorners,
        };
    }
}
