using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class TrainingDefaultsTests
{
    [TestMethod]
    [DataRow(null, 2)]
    [DataRow(1.0, 2)]
    [DataRow(10.0, 4)]
    [DataRow(60.0, 6)]
    public void ALongerBudgetPaysForADeeperModel(double? minutes, int depth)
    {
        TimeSpan? budget = minutes is { } m ? TimeSpan.FromMinutes(m) : null;
        Assert.AreEqual(VitConfig.SmallImage32 with { Depth = depth }, TrainingDefaults.Model(new PixelSize(32, 32), 3, budget));
        Assert.AreEqual(VitConfig.SmallImage64 with { Depth = depth }, TrainingDefaults.Model(null, 3, budget));
    }

    [TestMethod]
    public void PhotographsOfAFixedLargeSizeGetTheSameModelForEveryBudget()
    {
        VitConfig expected = VitConfig.Tiny16 with { ImageSize = 224 };
        Assert.AreEqual(expected, TrainingDefaults.Model(new PixelSize(224, 224), 3, null));
        Assert.AreEqual(expected, TrainingDefaults.Model(new PixelSize(224, 224), 3, TimeSpan.FromHours(1)));
    }

    [TestMethod]
    public void OnlyFewImagesThatTrainFromScratchAreMixed()
    {
        Assert.AreEqual(0.5, TrainingDefaults.Mixing(200, isPretrained: false)?.Probability);
        Assert.AreEqual(0.5, TrainingDefaults.Mixing(5_000, isPretrained: false)?.Probability);
        Assert.IsNull(TrainingDefaults.Mixing(200, isPretrained: true));
        Assert.IsNull(TrainingDefaults.Mixing(50_000, isPretrained: false));
    }
}
