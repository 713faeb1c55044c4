namespace Microsoft.ML.Vit;

/// <summary>How the tokens of the last block become the one vector that the head reads.</summary>
public enum VitPooling
{
    /// <summary>The class (CLS) token.</summary>
    ClassToken,

    /// <summary>The mean over the patch tokens (timm's <c>global_pool="avg"</c>), normalised after pooling.</summary>
    Mean,

    /// <summary>The mean over the patch tokens, each normalised before (timm's <c>global_pool="avg"</c> with <c>fc_norm=False</c>, big_vision's <c>gap</c>).</summary>
    NormalizedMean,

    /// <summary>The class token and the mean over the patch tokens, normalised before, one after the other: twice the width (DINOv2's linear classifier).</summary>
    ClassTokenAndMean,
}
