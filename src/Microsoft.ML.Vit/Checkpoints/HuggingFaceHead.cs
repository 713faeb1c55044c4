namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>What a ViT or DeiT of Hugging Face has after its backbone.</summary>
internal enum HuggingFaceHead
{
    /// <summary>No classifier, perhaps a pooler: ViTModel, DeiTModel.</summary>
    None,

    /// <summary>A classifier: ViTForImageClassification, DeiTForImageClassification.</summary>
    One,

    /// <summary>Two classifiers, one for each of the first two tokens: DeiTForImageClassificationWithTeacher.</summary>
    Two,
}
