namespace Microsoft.ML.Vit.Checkpoints;

internal sealed partial record CheckpointNaming
{
    /// <summary>
    /// Google's Flax checkpoints, vision_transformer's and big_vision's, which number a block's layers differently. Kernels are (in, out), attention's split by
    /// heads: (D, H, D/H) in, (H, D/H, D) out.
    /// </summary>
    private static CheckpointNaming Flax(string name, string attention, string secondNorm, string mlp, string positions)
    {
        const string Block = "{x}Transformer/encoderblock_{i}/";
        string[] Qkv(string part) => [Block + attention + "/query/" + part, Block + attention + "/key/" + part, Block + attention + "/value/" + part];
        NamingRule[] Norm(string target, string source) => [new(target + ".weight", source + "/scale"), new(target + ".bias", source + "/bias")];
        NamingRule[] Dense(string target, string source) =>
        [
            new(target + ".weight", source + "/kernel") { Reshape = (kernel, _) => kernel.t() },
            new(target + ".bias", source + "/bias"),
        ];
        return new(
            name,
            [
                new("patch_embed.proj.weight", "{x}embedding/kernel") { Reshape = (kernel, _) => kernel.permute(3, 2, 0, 1) },
                new("patch_embed.proj.bias", "{x}embedding/bias"),
                new("cls_token", "{x}cls"),
                new("pos_embed", "{x}" + positions),
                .. Norm("blocks.{i}.norm1", Block + "LayerNorm_0"),
                new("blocks.{i}.attn.qkv.weight", Qkv("kernel")) { Reshape = (kernel, _) => kernel.flatten(1).t() },
                new("blocks.{i}.attn.qkv.bias", Qkv("bias")) { Reshape = (bias, _) => bias.flatten() },
                new("blocks.{i}.attn.proj.weight", Block + attention + "/out/kernel") { Reshape = (kernel, _) => kernel.flatten(0, 1).t() },
                new("blocks.{i}.attn.proj.bias", Block + attention + "/out/bias"),
                .. Norm("blocks.{i}.norm2", Block + secondNorm),
                .. Dense("blocks.{i}.mlp.fc1", Block + mlp + "/Dense_0"),
                .. Dense("blocks.{i}.mlp.fc2", Block + mlp + "/Dense_1"),
                .. Norm("norm", "{x}Transformer/encoder_norm"),
                .. Dense("pre_logits.fc", "{x}pre_logits"),
                .. Dense("head", "{x}head"),
            ])
        {
            Signature = [Block + attention + "/query/kernel"],
            Prefixes = ["", "params/", "opt/target/", "params/img/"],
            HeadsTensor = Block + attention + "/query/kernel",
            Resize = PositionResize.BilinearAlignCorners,
        };
    }
}
