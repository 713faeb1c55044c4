namespace Microsoft.ML.Vit.Tests.Model;

[TestClass]
public sealed class VitConfigTests
{
    private static readonly VitConfig s_base = new();

    [TestMethod]
    public void TheDefaultsAreSound()
    {
        Assert.IsEmpty(s_base.Problems());
        foreach (VitConfig config in TinyConfig.Switches())
        {
            Assert.IsEmpty(config.Problems(), config.ToString());
        }
    }

    [TestMethod]
    public void EachMistakeIsNamedWithPropertyAndValue()
    {
        (VitConfig Config, string Property, string Value)[] mistakes =
        [
            (s_base with { ImageSize = 225 }, nameof(VitConfig.ImageSize), "225x225"),
            (s_base with { ImageSize = -224 }, nameof(VitConfig.ImageSize), "-224x-224"),
            (s_base with { PatchSize = 0 }, nameof(VitConfig.PatchSize), "0x0"),
            (s_base with { ImageSize = new PixelSize(224, 100) }, nameof(VitConfig.ImageSize), "224x100"),
            (s_base with { ImageSize = 16_000, PatchSize = 1 }, nameof(VitConfig.ImageSize), "patches"),
            (s_base with { Heads = 7 }, nameof(VitConfig.Heads), "7"),
            (s_base with { Heads = 0 }, nameof(VitConfig.Heads), "0"),
            (s_base with { Width = int.MaxValue }, nameof(VitConfig.Width), "2147483647"),
            (s_base with { Depth = int.MaxValue }, nameof(VitConfig.Depth), "2147483647"),
            (s_base with { Channels = 0 }, nameof(VitConfig.Channels), "0"),
            (s_base with { MlpRatio = double.NaN }, nameof(VitConfig.MlpRatio), "NaN"),
            (s_base with { MlpRatio = double.PositiveInfinity }, nameof(VitConfig.MlpRatio), "Infinity"),
            (s_base with { MlpRatio = 1e-9 }, nameof(VitConfig.MlpRatio), "1E-09"),
            (s_base with { Dropout = 1 }, nameof(VitConfig.Dropout), "1"),
            (s_base with { AttentionDropout = -0.1 }, nameof(VitConfig.AttentionDropout), "-0.1"),
            (s_base with { DropPath = double.NaN }, nameof(VitConfig.DropPath), "NaN"),
            (s_base with { NormEpsilon = 0 }, nameof(VitConfig.NormEpsilon), "0"),
            (s_base with { LayerScale = double.NaN }, nameof(VitConfig.LayerScale), "NaN"),
            (s_base with { RegisterTokens = -1 }, nameof(VitConfig.RegisterTokens), "-1"),
            (s_base with { Classes = -1 }, nameof(VitConfig.Classes), "-1"),
            (s_base with { HasClassToken = false, Pooling = VitPooling.Mean, Distillation = VitDistillation.Token }, nameof(VitConfig.Distillation), "Token"),
            (s_base with { Classes = 0, Distillation = VitDistillation.TokenAndHead }, nameof(VitConfig.Distillation), "TokenAndHead"),
            (s_base with { HeadHiddenSize = 0 }, nameof(VitConfig.HeadHiddenSize), "0"),
            (s_base with { HasClassToken = false }, nameof(VitConfig.HasClassToken), "ClassToken"),
            (s_base with { Positions = VitPositions.FixedSinCos, Width = 6, Heads = 2 }, nameof(VitConfig.Width), "6"),
            (s_base with { Stem = VitStem.Convolutions, ImageSize = 210, PatchSize = 14 }, nameof(VitConfig.PatchSize), "14x14"),
            (s_base with { Stem = VitStem.Convolutions, PatchSize = 1, ImageSize = 8 }, nameof(VitConfig.PatchSize), "1x1"),
            (s_base with { Stem = (VitStem)9 }, nameof(VitConfig.Stem), "9"),
            (s_base with { Activation = (VitActivation)9 }, nameof(VitConfig.Activation), "9"),
            (s_base with { Width = 32_768, Heads = 16, Depth = 512, MlpRatio = 64 }, "parameters", "8589934592"),
        ];
        foreach ((VitConfig config, string property, string value) in mistakes)
        {
            IReadOnlyList<string> problems = config.Problems();
            Assert.HasCount(1, problems, $"{property} {value}: {string.Join(" | ", problems)}");
            StringAssert.Contains(problems[0], property);
            StringAssert.Contains(problems[0], value);
        }
    }

    [TestMethod]
    public void MistakesAreReportedTogether()
    {
        IReadOnlyList<string> problems = (s_base with { ImageSize = 225, Heads = 7, Dropout = double.NaN, HasClassToken = false }).Problems();
        Assert.HasCount(4, problems);
    }

    [TestMethod]
    public void SwiGluHasDinov2sHiddenSize()
    {
        Assert.AreEqual(4096, (s_base with { Width = 1536, Heads = 24, SwiGlu = true }).MlpHiddenSize);
        Assert.AreEqual(2048, (s_base with { SwiGlu = true }).MlpHiddenSize);
    }
}
