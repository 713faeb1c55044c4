namespace Microsoft.ML.Vit;

/// <summary>Which vector of a network stands for an image.</summary>
public enum VitEmbedding
{
    /// <summary>What the checkpoint's own classifier reads: its class token, its mean, or both.</summary>
    Pooled,

    /// <summary>The class (CLS) token after the last normalisation.</summary>
    ClassToken,

    /// <summary>The mean of the patch tokens after the last normalisation.</summary>
    Mean,

    /// <summary>The class token and the mean, one after the other: twice as long, DINOv2's choice for linear classifiers.</summary>
    ClassTokenAndMean,
}
