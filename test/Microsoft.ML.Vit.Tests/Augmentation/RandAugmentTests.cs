using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>Against timm's auto_augment.py: its fifteen operations and what a magnitude means to each.</summary>
[TestClass]
public sealed class RandAugmentTests
{
    private static readonly PixelSize _size = new(100, 200);

    [TestMethod]
    public void HalfOfTheDrawsAreDoneAndAllOperationsAreAlike()
    {
        const int Draws = 60_000;
        (string Name, double)[] done = Draw(new RandAugment(), Draws);
        Assert.AreEqual(0.5, (double)done.Length / Draws, 0.01);
        var shares = done.GroupBy(drawn => drawn.Name).ToDictionary(group => group.Key, group => (double)group.Count() / done.Length);
        Assert.HasCount(15, shares);
        Assert.IsFalse(shares.ContainsKey("Identity"));
        Assert.IsTrue(shares.Values.All(share => Math.Abs(share - 1.0 / 15) < 0.006), string.Join(" ", shares));
    }

    [TestMethod]
    public void MagnitudesScatterAboutNineUpToTen()
    {
        double[] magnitudes = [.. Draw(new RandAugment(Probability: 1), 100_000).Where(drawn => drawn.Name == "Rotate").Select(drawn => drawn.Argument / 3)];
        double[] sizes = [.. magnitudes.Select(Math.Abs)];
        // Normal, 9 and 0.5, what lies beyond 10 (1 in 44) held there: 8.996 and 0.489.
        Assert.AreEqual(8.996, sizes.Average(), 0.02);
        Assert.AreEqual(0.489, Math.Sqrt(sizes.Average(size => (size - 8.996) * (size - 8.996))), 0.02);
        Assert.AreEqual(10, sizes.Max());
        Assert.AreEqual(1.0 / 44, sizes.Average(size => size == 10 ? 1.0 : 0), 0.006);
        Assert.AreEqual(0.5, magnitudes.Average(magnitude => magnitude > 0 ? 1.0 : 0), 0.03);
    }

    [TestMethod]
    // Magnitude 9 of 10: 0.9 x 30 degrees; 4 less 3 bits; 256 less 230; 0.9 x 110, cut off; 1 +- 0.9 x 0.9; 0.9 x 0.3; 0.9 x 0.45 of 200 and of 100 pixels.
    [DataRow(true, 9.0, "Rotate -27 27, Posterize 1, Solarize 26, SolarizeAdd 99, Color 0.19 1.81, Contrast 0.19 1.81, Brightness 0.19 1.81, Sharpness 0.19 1.81, ShearX -0.27 0.27, ShearY -0.27 0.27, TranslateX -81 81, TranslateY -40.5 40.5")]
    // 3 bits; 230; 0.9 x 1.8 + 0.1.
    [DataRow(false, 9.0, "Rotate -27 27, Posterize 3, Solarize 230, SolarizeAdd 99, Color 1.72, Contrast 1.72, Brightness 1.72, Sharpness 1.72, ShearX -0.27 0.27, ShearY -0.27 0.27, TranslateX -81 81, TranslateY -40.5 40.5")]
    [DataRow(true, 10.0, "Rotate -30 30, Posterize 0, Solarize 0, SolarizeAdd 110, Color 0.1 1.9, Contrast 0.1 1.9, Brightness 0.1 1.9, Sharpness 0.1 1.9, ShearX -0.3 0.3, ShearY -0.3 0.3, TranslateX -90 90, TranslateY -45 45")]
    [DataRow(true, 0.0, "Rotate 0, Posterize 4, Solarize 256, SolarizeAdd 0, Color 1, Contrast 1, Brightness 1, Sharpness 1, ShearX 0, ShearY 0, TranslateX 0, TranslateY 0")]
    public void TheMagnitudeIsEachOperationsArgument(bool increasing, double magnitude, string expected)
    {
        var augment = new RandAugment(magnitude, 0, Probability: 1, Increasing: increasing);
        var arguments = Draw(augment, 3000).Select(drawn => (drawn.Name, Argument: Math.Round(drawn.Argument, 9) + 0.0)).Distinct().OrderBy(drawn => drawn.Argument)
            .GroupBy(drawn => drawn.Name).ToDictionary(group => group.Key, group => string.Join(" ", group.Select(drawn => drawn.Argument)));
        foreach (string line in expected.Split(", "))
        {
            string name = line.Split(' ')[0];
            Assert.AreEqual(line, $"{name} {arguments[name]}");
        }
    }

    [TestMethod]
    public void NothingIsDoneWithoutProbability()
    {
        byte[] image = AugmentationTests.Image(8, 1);
        byte[] target = new byte[image.Length];
        new RandAugment(Probability: 0).Apply<byte>(image, target, 3, 8, new Random(1));
        CollectionAssert.AreEqual(image, target);
    }

    [TestMethod]
    public void WhatMovesInIsTheMeanColour()
    {
        // White images: only what is filled has its colour, by itself or under one more operation.
        byte[] image = Enumerable.Repeat((byte)255, 3 * 64).ToArray();
        var corners = new List<(byte, byte, byte)>();
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] target = new byte[image.Length];
            new RandAugment(Operations: 1, Probability: 1).Apply<byte>(image, target, 3, 8, new Random(seed));
            corners.AddRange(target[..64].Zip(target[64..128], target[128..]));
        }
        // Posterized, darkened, inverted or solarized white is grey: no other colour is.
        Assert.AreEqual((124, 116, 104), corners.Where(colour => colour.Item1 != colour.Item2).Distinct().Single());
    }

    [TestMethod]
    public void NonsenseIsAProblem()
    {
        StringAssert.Contains(new RandAugment(11).Problems(8).Single(), "Magnitude is 11; expected 0 to 10");
        StringAssert.Contains(new RandAugment(MagnitudeStd: double.NaN).Problems(8).Single(), "MagnitudeStd is NaN");
        StringAssert.Contains(new RandAugment(Operations: 0).Problems(8).Single(), "Operations is 0");
        StringAssert.Contains(new RandAugment(Probability: 1.5).Problems(8).Single(), "Probability is 1.5");
        Assert.AreEqual(4, new RandAugment(-1, -1, -1, -1).Problems(8).Count());
    }

    private static (string Name, double Argument)[] Draw(RandAugment augment, int draws)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, draws).Select(_ => augment.Draw(_size, random)).OfType<(PixelOperation Operation, double Argument)>()
            .Select(drawn => (drawn.Operation.ToString(), drawn.Argument))];
    }
}
