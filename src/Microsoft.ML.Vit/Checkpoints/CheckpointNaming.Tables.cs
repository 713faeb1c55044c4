namespace Microsoft.ML.Vit.Checkpoints;

internal sealed partial record CheckpointNaming
{
    /// <summary>timm's, the network's own.</summary>
    public static CheckpointNaming Timm { get; } = new("timm", []);

    /// <summary>
    /// The seed's, labml.ai's annotated Vision Transformer: queries, keys and values apart, a table of positions (5000, 1, D) of which the first 1 + N are used.
    /// </summary>
    public static CheckpointNaming Labml { get; } = new("labml",
    [
        new("patch_embed.proj.{p}", "patch_emb.conv.{p}"),
        new("cls_token", "cls_token_emb"),
        new("pos_embed", "pos_emb.positional_encodings") { Reshape = (table, config) => table.narrow(0, 0, config.PositionRows).transpose(0, 1) },
        new("blocks.{i}.norm1.{p}", "transformer_layers.{i}.norm_self_attn.{p}"),
        new(
            "blocks.{i}.attn.qkv.{p}",
            "transformer_layers.{i}.self_attn.query.linear.{p}",
            "transformer_layers.{i}.self_attn.key.linear.{p}",
            "transformer_layers.{i}.self_attn.value.linear.{p}"),
        new("blocks.{i}.attn.proj.{p}", "transformer_layers.{i}.self_attn.output.{p}"),
        new("blocks.{i}.norm2.{p}", "transformer_layers.{i}.norm_ff.{p}"),
        new("blocks.{i}.mlp.fc1.{p}", "transformer_layers.{i}.feed_forward.layer1.{p}"),
        new("blocks.{i}.mlp.fc2.{p}", "transformer_layers.{i}.feed_forward.layer2.{p}"),
        new("norm.{p}", "ln.{p}"),
        new("pre_logits.fc.{p}", "classification.linear1.{p}"),
        new("head.{p}", "classification.linear2.{p}"),
    ]);
}
