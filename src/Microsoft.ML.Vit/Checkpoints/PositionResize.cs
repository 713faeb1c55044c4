namespace Microsoft.ML.Vit;

/// <summary>
/// How a checkpoint's table of positions is made to fit another grid of patches. Each library has its way, and logits at another size depend on it; class and distillation tokens keep theirs in all.
/// </summary>
public enum PositionResize
{
    /// <summary>Bicubic: Hugging Face's ViT, DeiT and DINOv2, and DeiT's own fine-tuning.</summary>
    Bicubic,

    /// <summary>Bicubic with antialiasing, which matters where the grid shrinks: timm, and DINOv2 with registers.</summary>
    BicubicAntialias,

    /// <summary>Bicubic by a scale factor of (new side + 0.1) / side, as DINOv2's own code without registers does.</summary>
    BicubicOffset,

    /// <summary>Bicubic with corner aligned to corner: torchvision.</summary>
    BicubicAlignCorners,

    /// <summary>Bilinear: how timm loads Google's .npz files.</summary>
    Bilinear,

    /// <summary>Bilinear with corner aligned to corner: Google's vision_transformer and big_vision.</summary>
    BilinearAlignCorners,
}
