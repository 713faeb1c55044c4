namespace Microsoft.ML.Vit;

/// <summary>What a new classifier on a pretrained network starts as.</summary>
public enum VitHeadInitialization
{
    /// <summary>Zeros (the ViT paper's fine-tuning): all classes are equally likely, and the first steps do not shake the backbone.</summary>
    Zeros,

    /// <summary>A normal of standard deviation 0.02 with zero biases, as timm's.</summary>
    TruncatedNormal,
}
