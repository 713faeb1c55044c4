namespace Microsoft.ML.Vit;

/// <summary>Whose form a saved checkpoint has, so that the library itself can open it.</summary>
public enum CheckpointLayout
{
    /// <summary>timm's: config.json with <c>architecture</c> and <c>model_args</c>, model.safetensors.</summary>
    Timm,

    /// <summary>Hugging Face's transformers': ViT, DeiT or DINOv2, whichever can express the model; config.json, preprocessor_config.json, model.safetensors.</summary>
    HuggingFace,

    /// <summary>torchvision's state dict, for <c>VisionTransformer.load_state_dict</c>: model.safetensors alone.</summary>
    Torchvision,
}
