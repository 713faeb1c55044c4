namespace Microsoft.ML.Vit;

/// <summary>What remains in a network of training by distillation (DeiT, Touvron et al. 2020, arXiv 2012.12877).</summary>
public enum VitDistillation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A distillation token after the class token; the head reads the class token alone (Hugging Face's <c>DeiTForImageClassification</c>).</summary>
    Token,

    /// <summary>The token and a head of its own; the logits are the mean of both heads' (timm's distilled DeiT).</summary>
    TokenAndHead,
}
