namespace Microsoft.ML.Vit.Tests.Augmentation;

[TestClass]
public sealed class ColorJitterTests
{
    [TestMethod]
    public void BrightnessIsMultipliedByAnEvenlyDrawnFactor()
    {
        // 100 x 0.6 to 1.4.
        double[] values = [.. Enumerable.Range(0, 2000).Select(seed => (double)Jitter(new(0.4, 0, 0), [100], 1, seed)[0])];
        Assert.AreEqual(60, values.Min(), 1);
        Assert.AreEqual(140, values.Max(), 1);
        Assert.AreEqual(99.5, values.Average(), 1.5);
        Assert.AreEqual(0.25, values.Average(value => value < 80 ? 1.0 : 0), 0.04);
    }

    [TestMethod]
    public void ALargeAmountStopsAtBlackOnTheDarkSide()
    {
        // Factors 0 to 3.
        double[] values = [.. Enumerable.Range(0, 2000).Select(seed => (double)Jitter(new(2, 0, 0), [50], 1, seed)[0])];
        Assert.AreEqual(0, values.Min(), 1);
        Assert.AreEqual(149, values.Max(), 1);
        Assert.AreEqual(1.0 / 3, values.Average(value => value < 50 ? 1.0 : 0), 0.04);
    }

    [TestMethod]
    public void ContrastMovesAboutTheMeanGreyAndSaturationAboutTheGreyOfAPixel()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            byte[] contrast = Jitter(new(0, 0.4, 0), [90, 110], 1, seed);
            Assert.AreEqual(200, contrast[0] + contrast[1], 1);
            Assert.IsTrue(contrast[1] - contrast[0] is >= 11 and <= 29);
            byte[] saturation = Jitter(new(0, 0, 0.4), [200, 100, 50], 3, seed);
            // 124 + (0.6 to 1.4) x 76 and -74.
            Assert.IsTrue(saturation[0] is >= 169 and <= 230 && saturation[2] is >= 20 and <= 80, string.Join(" ", saturation));
        }
    }

    [TestMethod]
    public void HueTurnsEitherWayUpToItsAmount()
    {
        // A third of a turn from red: blue one way, green the other, and never cyan.
        byte[][] colours = [.. Enumerable.Range(0, 500).Select(seed => Jitter(new(0, 0, 0, 1.0 / 3), [255, 0, 0], 3, seed))];
        Assert.IsTrue(colours.All(colour => colour.Max() == 255 && colour.Min() == 0));
        Assert.AreEqual(0.5, colours.Average(colour => colour[1] > 0 ? 1.0 : 0), 0.08);
        Assert.IsLessThan(10, colours.Min(colour => colour[0]));
        Assert.IsTrue(colours.All(colour => colour[1] == 0 || colour[2] == 0));
    }

    [TestMethod]
    public void GreyHasNeitherHueNorSaturation()
    {
        byte[] image = AugmentationTests.Image(4, 1, 1);
        CollectionAssert.AreEqual(image, Jitter(new(0, 0, 0.9, 0.5), image, 1, 1));
        byte[] equal = [.. image, .. image, .. image];
        CollectionAssert.AreEqual(equal, Jitter(new(0, 0, 0.9, 0.5), equal, 3, 1));
    }

    [TestMethod]
    public void ThePartsComeInAnyOrder()
    {
        // Saturation s leaves (1 - s) x grey as the least value and 200 x s between the ends; turning the hue leaves both. So the result tells of which grey it was mixed:
        // red's (60) where saturation came first, which is every other time, else that of the colour turned to (23 to 177).
        double[] greys = [.. Enumerable.Range(0, 2000).Select(seed => Jitter(new(0, 0, 0.9, 0.5), [200, 0, 0], 3, seed)).Select(colour => (Least: colour.Min(), S: (colour.Max() - colour.Min()) / 200.0))
            .Where(mix => mix.S < 0.7).Select(mix => mix.Least / (1 - mix.S))];
        Assert.IsGreaterThan(500, greys.Length);
        Assert.IsTrue(greys.Average(grey => Math.Abs(grey - 60) < 4 ? 1.0 : 0) is > 0.45 and < 0.65);
        Assert.IsGreaterThan(165, greys.Max());
    }

    [TestMethod]
    public void NonsenseIsAProblem()
    {
        StringAssert.Contains(new ColorJitter(-0.1).Problems(8).Single(), "ColorJitter.Brightness is -0.1; expected at least 0.");
        StringAssert.Contains(new ColorJitter(Hue: 0.6).Problems(8).Single(), "ColorJitter.Hue is 0.6; expected 0 to 0.5.");
        Assert.AreEqual(4, new ColorJitter(double.NaN, double.NaN, double.NaN, double.NaN).Problems(8).Count());
    }

    /// <summary>One row.</summary>
    private static byte[] Jitter(ColorJitter jitter, byte[] image, int channels, int seed)
    {
        byte[] target = new byte[image.Length];
        jitter.Apply<byte>(image, target, channels, new(1, image.Length / channels), new Random(seed));
        return target;
    }
}
