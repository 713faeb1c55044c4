namespace Microsoft.ML.Vit;

public sealed partial record VitConfig
{
    /// <summary>ViT-Ti/16: width 192, depth 12, 3 heads.</summary>
    public static VitConfig Tiny16 { get; } = new() { Width = 192, Heads = 3 };

    /// <summary>For images of about 32 pixels: placeholder until the model part lands.</summary>
    public static VitConfig SmallImage32 { get; } = new() { ImageSize = 32, PatchSize = 4, Width = 128, Depth = 6, Heads = 4, Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean };

    /// <summary>For images of about 64 pixels: placeholder until the model part lands.</summary>
    public static VitConfig SmallImage64 { get; } = new() { ImageSize = 64, PatchSize = 8, Width = 128, Depth = 6, Heads = 4, Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean };
}
