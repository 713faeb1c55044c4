namespace Microsoft.ML.Vit.Tests.Model;

/// <summary>A network small enough for tests, with every kind of prefix token.</summary>
internal static class TinyConfig
{
    public static VitConfig Value { get; } = new() { ImageSize = 16, PatchSize = 4, Width = 16, Depth = 2, Heads = 2, Classes = 3 };

    /// <summary>One configuration for each architectural switch, several at once where they do not meet.</summary>
    public static IEnumerable<VitConfig> Switches()
    {
        yield return Value;
        yield return Value with { ImageSize = new PixelSize(8, 12), PatchSize = new PixelSize(4, 2), Channels = 1, QkvBias = false };
        yield return Value with { Pooling = VitPooling.Mean, HasClassToken = false, Positions = VitPositions.FixedSinCos };
        yield return Value with { RegisterTokens = 3, ClassTokenHasPosition = false, LayerScale = 1e-5, QkNorm = true };
        yield return Value with { RegisterTokens = 2, SwiGlu = true, Pooling = VitPooling.Mean };
        yield return Value with { Positions = VitPositions.FixedSinCos, RegisterTokens = 2 };
        yield return Value with { Stem = VitStem.Convolutions, HasClassToken = false, Pooling = VitPooling.Mean };
        yield return Value with { Distillation = VitDistillation.TokenAndHead };
        yield return Value with { Distillation = VitDistillation.Token, RegisterTokens = 2, Pooling = VitPooling.ClassTokenAndMean };
        yield return Value with { Pooling = VitPooling.NormalizedMean, Classes = 0 };
        yield return Value with { HeadHiddenSize = 24, HeadActivation = VitActivation.Relu, Activation = VitActivation.GeluTanh, MlpRatio = 1.5 };
    }
}
