using System.Globalization;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>What the layouts cannot express of an architecture.</summary>
internal static class LayoutLimits
{
    private const double UsualEpsilon = 1e-6;

    /// <summary>Which of Hugging Face's models an architecture is nearest to.</summary>
    public static HuggingFaceFamily FamilyOf(VitConfig config) =>
        config.RegisterTokens > 0 ? HuggingFaceFamily.Dinov2WithRegisters
        : config.HasDistillationToken ? HuggingFaceFamily.DeiT
        : config.LayerScale is not null || config.SwiGlu || config.Pooling == VitPooling.ClassTokenAndMean ? HuggingFaceFamily.Dinov2
        : HuggingFaceFamily.ViT;

    /// <summary>All that the layout cannot express, each a sentence that names the property; empty where it can be written.</summary>
    public static IReadOnlyList<string> Problems(VitConfig config, CheckpointLayout layout)
    {
        var problems = new List<string>();
        void Require(bool holds, FormattableString sentence)
        {
            if (!holds)
            {
                problems.Add(sentence.ToString(CultureInfo.InvariantCulture));
            }
        }
        Require(config.Stem == VitStem.PatchProjection, $"{nameof(VitConfig.Stem)} is {config.Stem}: it has no convolutional stem.");
        switch (layout)
        {
            case CheckpointLayout.Timm: RequireTimm(config, Require); break;
            case CheckpointLayout.HuggingFace when FamilyOf(config) is HuggingFaceFamily.ViT or HuggingFaceFamily.DeiT: RequireVit(config, Require); break;
            case CheckpointLayout.HuggingFace: RequireDinov2(config, Require); break;
            default: RequireTorchvision(config, Require); break;
        }
        return problems;
    }

    private static void RequireTimm(VitConfig config, Action<bool, FormattableString> require)
    {
        require(config.HeadHiddenSize is null, $"{nameof(VitConfig.HeadHiddenSize)} is {config.HeadHiddenSize}: its head is one linear layer.");
        require(config.Pooling != VitPooling.ClassTokenAndMean, $"{nameof(VitConfig.Pooling)} is {config.Pooling}: it pools the class token or the mean, not both.");
        require(config.Distillation != VitDistillation.Token, $"{nameof(VitConfig.Distillation)} is {config.Distillation}: its distilled networks have two heads.");
        require(
            !config.HasDistillationToken || (config.RegisterTokens == 0 && config.ClassTokenHasPosition && !config.SwiGlu),
            $"{nameof(VitConfig.Distillation)} is {config.Distillation}: its distilled networks have no registers, no SwiGLU and positions for both tokens.");
        require(config.NormEpsilon <= UsualEpsilon, $"{nameof(VitConfig.NormEpsilon)} is {config.NormEpsilon}: its norms have {UsualEpsilon}.");
    }

    private static void RequireVit(VitConfig config, Action<bool, FormattableString> require)
    {
        require(config.HasClassToken && config.Pooling == VitPooling.ClassToken, $"{nameof(VitConfig.Pooling)} is {config.Pooling}: its classifier reads the class token.");
        require(!config.QkNorm, $"{nameof(VitConfig.QkNorm)} is true: its attention does not normalise queries and keys.");
        require(!config.SwiGlu, $"{nameof(VitConfig.SwiGlu)} is true: its MLP is not gated.");
        require(config.LayerScale is null, $"{nameof(VitConfig.LayerScale)} is set: its branches have no scale.");
        require(
            config.HeadHiddenSize is null || (config.Classes == 0 && (config.HeadHiddenSize == config.Width || !config.HasDistillationToken)),
            $"{nameof(VitConfig.HeadHiddenSize)} is {config.HeadHiddenSize}: its classifier is one linear layer.");
    }

    private static void RequireDinov2(VitConfig config, Action<bool, FormattableString> require)
    {
        require(config.HasClassToken, $"{nameof(VitConfig.HasClassToken)} is false: its DINOv2 has a class token.");
        require(
            config.Pooling == (config.Classes > 0 ? VitPooling.ClassTokenAndMean : VitPooling.ClassToken),
            $"{nameof(VitConfig.Pooling)} is {config.Pooling}: its DINOv2, the only one with LayerScale, SwiGLU or registers, classifies by class token and mean, and without classifier gives the class token.");
        require(config.HeadHiddenSize is null, $"{nameof(VitConfig.HeadHiddenSize)} is {config.HeadHiddenSize}: its classifier is one linear layer.");
        require(!config.QkNorm, $"{nameof(VitConfig.QkNorm)} is true: its attention does not normalise queries and keys.");
        require(!config.HasDistillationToken, $"{nameof(VitConfig.Distillation)} is {config.Distillation}: its DINOv2 has no distillation token.");
        require(config.Grid.Height == config.Grid.Width && config.PatchSize.Height == config.PatchSize.Width, $"{nameof(VitConfig.ImageSize)} is {config.ImageSize}: its DINOv2 has square images and patches.");
    }

    private static void RequireTorchvision(VitConfig config, Action<bool, FormattableString> require)
    {
        require(config.HasClassToken && config.Pooling == VitPooling.ClassToken, $"{nameof(VitConfig.Pooling)} is {config.Pooling}: its head reads the class token.");
        require(config.Classes > 0, $"{nameof(VitConfig.Classes)} is 0: it has a head.");
        require(config.RegisterTokens == 0, $"{nameof(VitConfig.RegisterTokens)} is {config.RegisterTokens}: it has no registers.");
        require(!config.HasDistillationToken, $"{nameof(VitConfig.Distillation)} is {config.Distillation}: it has no distillation token.");
        require(!config.QkNorm, $"{nameof(VitConfig.QkNorm)} is true: its attention does not normalise queries and keys.");
        require(!config.SwiGlu, $"{nameof(VitConfig.SwiGlu)} is true: its MLP is not gated.");
        require(config.LayerScale is null, $"{nameof(VitConfig.LayerScale)} is set: its branches have no scale.");
        require(config.QkvBias, $"{nameof(VitConfig.QkvBias)} is false: its attention has biases.");
        require(config.Channels == 3, $"{nameof(VitConfig.Channels)} is {config.Channels}: it reads three.");
        require(config.Activation == VitActivation.Gelu, $"{nameof(VitConfig.Activation)} is {config.Activation}: its MLP has {VitActivation.Gelu}.");
        require(config.HeadHiddenSize is null || config.HeadActivation == VitActivation.Tanh, $"{nameof(VitConfig.HeadActivation)} is {config.HeadActivation}: its head has {VitActivation.Tanh}.");
        require(config.ImageSize.Height == config.ImageSize.Width && config.PatchSize.Height == config.PatchSize.Width, $"{nameof(VitConfig.ImageSize)} is {config.ImageSize}: its images and patches are square.");
        require(config.NormEpsilon <= UsualEpsilon, $"{nameof(VitConfig.NormEpsilon)} is {config.NormEpsilon}: its norms have {UsualEpsilon}.");
    }
}
