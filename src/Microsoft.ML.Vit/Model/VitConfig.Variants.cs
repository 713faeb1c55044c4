namespace Microsoft.ML.Vit;

// Sizes: Dosovitskiy et al. 2020 (arXiv 2010.11929), table 1; Tiny and Small: Touvron et al. 2020 (DeiT, arXiv 2012.12877).
public sealed partial record VitConfig
{
    /// <summary>ViT-Ti/16: width 192, depth 12, 3 heads.</summary>
    public static VitConfig Tiny16 { get; } = new() { Width = 192, Depth = 12, Heads = 3 };

    /// <summary>ViT-Ti/32.</summary>
    public static VitConfig Tiny32 { get; } = Tiny16 with { PatchSize = 32 };

    /// <summary>ViT-Ti/14.</summary>
    public static VitConfig Tiny14 { get; } = Tiny16 with { PatchSize = 14 };

    /// <summary>ViT-S/16: width 384, depth 12, 6 heads.</summary>
    public static VitConfig Small16 { get; } = new() { Width = 384, Depth = 12, Heads = 6 };

    /// <summary>ViT-S/32.</summary>
    public static VitConfig Small32 { get; } = Small16 with { PatchSize = 32 };

    /// <summary>ViT-S/14.</summary>
    public static VitConfig Small14 { get; } = Small16 with { PatchSize = 14 };

    /// <summary>ViT-B/16: width 768, depth 12, 12 heads.</summary>
    public static VitConfig Base16 { get; } = new() { Width = 768, Depth = 12, Heads = 12 };

    /// <summary>ViT-B/32.</summary>
    public static VitConfig Base32 { get; } = Base16 with { PatchSize = 32 };

    /// <summary>ViT-B/14.</summary>
    public static VitConfig Base14 { get; } = Base16 with { PatchSize = 14 };

    /// <summary>ViT-L/16: width 1024, depth 24, 16 heads.</summary>
    public static VitConfig Large16 { get; } = new() { Width = 1024, Depth = 24, Heads = 16 };

    /// <summary>ViT-L/32.</summary>
    public static VitConfig Large32 { get; } = Large16 with { PatchSize = 32 };

    /// <summary>ViT-L/14.</summary>
    public static VitConfig Large14 { get; } = Large16 with { PatchSize = 14 };

    /// <summary>ViT-H/16: width 1280, depth 32, 16 heads.</summary>
    public static VitConfig Huge16 { get; } = new() { Width = 1280, Depth = 32, Heads = 16 };

    /// <summary>ViT-H/32.</summary>
    public static VitConfig Huge32 { get; } = Huge16 with { PatchSize = 32 };

    /// <summary>ViT-H/14.</summary>
    public static VitConfig Huge14 { get; } = Huge16 with { PatchSize = 14 };

    /// <summary>
    /// For images of about 32 pixels, trained from scratch on two cores: width 128, depth 6, 4 heads, patch 4, with what learned fastest from few images,
    /// a convolutional stem and mean pooling.
    /// </summary>
    public static VitConfig SmallImage32 { get; } = new()
    {
        ImageSize = 32,
        PatchSize = 4,
        Width = 128,
        Depth = 6,
        Heads = 4,
        Stem = VitStem.Convolutions,
        HasClassToken = false,
        Pooling = VitPooling.Mean,
    };

    /// <summary>For images of about 64 pixels: <see cref="SmallImage32"/> with patch 8.</summary>
    public static VitConfig SmallImage64 { get; } = SmallImage32 with { ImageSize = 64, PatchSize = 8 };

    /// <summary>The Vision Transformer of labml.ai's annotated implementations, as its CIFAR-10 experiment configures it.</summary>
    public static VitConfig Labml { get; } = new()
    {
        ImageSize = 32,
        PatchSize = 4,
        Width = 512,
        Depth = 6,
        Heads = 8,
        Activation = VitActivation.Relu,
        HeadHiddenSize = 2048,
        HeadActivation = VitActivation.Relu,
        NormEpsilon = 1e-5,
        Dropout = 0.1,
        AttentionDropout = 0.1,
        Classes = 10,
    };
}
