namespace Microsoft.ML.Vit;

/// <summary>How the tokens of the last block become the one vector that the head reads.</summary>
public enum VitPooling
{
    /// <summary>The class (CLS) token.</summary>
    ClassToken,

    /// <summary>The mean over the patch tokens (timm's <c>global_pool="avg"</c>), normalised after pooling.</summary>
    Mean,
}
