namespace Microsoft.ML.Vit.Tests.Augmentation;

[TestClass]
public sealed class RandomResizedCropTests
{
    [TestMethod]
    public void TheWholeImageIsCopied()
    {
        byte[] image = AugmentationTests.Image(new(8, 8), 1);
        byte[] target = new byte[image.Length];
        new RandomResizedCrop(1, 1, 1, 1).Apply<byte>(image, target, 3, 8, new Random(1));
        CollectionAssert.AreEqual(image, target);
    }

    [TestMethod]
    public void AreasAndAspectsKeepToTheirRanges()
    {
        // A ramp in x and one in y: the range of values tells the crop's size.
        var size = new PixelSize(64, 64);
        float[] image = [.. Enumerable.Range(0, 4096).Select(i => (float)(i % 64)), .. Enumerable.Range(0, 4096).Select(i => (float)(i / 64))];
        var areas = new List<double>();
        for (int seed = 0; seed < 300; seed++)
        {
            float[] target = new float[image.Length];
            new RandomResizedCrop().Apply<float>(image, target, 2, size, new Random(seed));
            double width = target[63] - target[0] + 1;
            double height = target[^1] - target[4096] + 1;
            // Rounding the sides to pixels moves the shares a little.
            Assert.IsTrue(width * height / 4096 is > 0.48 and <= 1, $"{width} x {height}");
            Assert.IsTrue(width / height is > 0.73 and < 1.37, $"{width} x {height}");
            areas.Add(width * height / 4096);
        }
        Assert.IsLessThan(0.55, areas.Min());
        Assert.IsGreaterThan(0.9, areas.Max());
        Assert.AreEqual(0.73, areas.Average(), 0.04);
    }

    [TestMethod]
    public void EnlargingIsBilinearWithHalfPixelCentres()
    {
        // Half of a 1 x 4 image: two pixels a, b become a, 3/4 a + 1/4 b, 1/4 a + 3/4 b, b.
        float[] image = [0, 8, 16, 24];
        float[] target = new float[4];
        new RandomResizedCrop(0.5, 0.5, 2, 2).Apply<float>(image, target, 1, new(1, 4), new Random(1));
        CollectionAssert.AreEqual(new float[] { 0, 2, 6, 8 }, target.Select(value => value - target[0]).ToArray());
    }

    [TestMethod]
    public void AnImageThatNoCropFitsIsCroppedAtItsCentre()
    {
        // 1 x 9 pixels and ratios around 1: the largest square, enlarged to the whole.
        byte[] image = [0, 0, 0, 0, 200, 0, 0, 0, 0];
        byte[] target = new byte[9];
        new RandomResizedCrop().Apply<byte>(image, target, 1, new(1, 9), new Random(1));
        Assert.IsTrue(target.All(value => value == 200), string.Join(" ", target));
    }

    [TestMethod]
    [DataRow(20, 20)]
    [DataRow(24, 37)]
    public void EveryPixelIsTheMixOfItsFourNeighbours(int height, int width)
    {
        // The crop's size is certain, its place is one of few: one of them gives these pixels.
        var size = new PixelSize(height, width);
        byte[] image = AugmentationTests.Image(size, 5);
        byte[] bytes = new byte[image.Length];
        float[] floats = new float[image.Length];
        double aspect = (double)width / height;
        var crop = new RandomResizedCrop(0.5, 0.5, aspect, aspect);
        crop.Apply<byte>(image, bytes, 3, size, new Random(3));
        crop.Apply<float>([.. image.Select(value => (float)value)], floats, 3, size, new Random(3));
        var part = new PixelSize((int)Math.Round(height * Math.Sqrt(0.5)), (int)Math.Round(width * Math.Sqrt(0.5)));
        bool Fits(int top, int left)
        {
            double[] expected = Enlarged(image, size, top, left, part);
            return expected.Zip(floats).All(pair => Math.Abs(pair.First - pair.Second) < 1e-3) && expected.Zip(bytes).All(pair => Math.Abs(pair.First - pair.Second) < 0.501);
        }
        Assert.HasCount(1, Enumerable.Range(0, height - part.Height + 1).SelectMany(top => Enumerable.Range(0, width - part.Width + 1).Where(left => Fits(top, left))));
    }

    private static double[] Enlarged(byte[] image, PixelSize size, int top, int left, PixelSize crop)
    {
        double[] result = new double[image.Length];
        for (int i = 0; i < result.Length; i++)
        {
            (int channel, int y, int x) = (i / (size.Height * size.Width), i / size.Width % size.Height, i % size.Width);
            double down = Math.Clamp((y + 0.5) * crop.Height / size.Height - 0.5, 0, crop.Height - 1);
            double right = Math.Clamp((x + 0.5) * crop.Width / size.Width - 0.5, 0, crop.Width - 1);
            double At(double row, double column) => image[(channel * size.Height + top + (int)row) * size.Width + left + (int)column];
            double Row(double row) => At(row, right) * (1 - right % 1) + At(row, Math.Ceiling(right)) * (right % 1);
            result[i] = Row(down) * (1 - down % 1) + Row(Math.Ceiling(down)) * (down % 1);
        }
        return result;
    }

    [TestMethod]
    public void NonsenseRangesAreProblems()
    {
        StringAssert.Contains(new RandomResizedCrop(0).Problems(8).Single(), "area is 0 to 1");
        StringAssert.Contains(new RandomResizedCrop(0.9, 0.5).Problems(8).Single(), "area is 0.9 to 0.5");
        StringAssert.Contains(new RandomResizedCrop(double.NaN).Problems(8).Single(), "area is NaN");
        StringAssert.Contains(new RandomResizedCrop(MinAspect: 2).Problems(8).Single(), "aspect is 2 to 1.33");
    }
}
