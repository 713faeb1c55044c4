namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Which of Hugging Face's models expresses an architecture.</summary>
internal enum HuggingFaceFamily
{
    /// <summary>ViTModel, ViTForImageClassification.</summary>
    ViT,

    /// <summary>DeiT's: with a distillation token.</summary>
    DeiT,

    /// <summary>Dinov2's: LayerScale, SwiGLU, or the pooled pair.</summary>
    Dinov2,

    /// <summary>Dinov2WithRegisters's.</summary>
    Dinov2WithRegisters,
}
