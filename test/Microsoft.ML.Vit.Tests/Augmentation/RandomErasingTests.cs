namespace Microsoft.ML.Vit.Tests.Augmentation;

[TestClass]
public sealed class RandomErasingTests
{
    private static readonly PixelSize _size = new(40, 60);

    [TestMethod]
    public void AQuarterOfTheImagesIsErasedInRectangles()
    {
        float[] image = [.. Enumerable.Range(0, 2400).Select(i => i % 2f)];
        int erased = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            float[] target = new float[image.Length];
            new RandomErasing(Fill: ErasingFill.Mean).Apply<float>(image, target, 1, _size, new Random(seed));
            int[] changed = [.. Enumerable.Range(0, image.Length).Where(i => target[i] != image[i])];
            if (changed.Length > 0)
            {
                erased++;
                int height = changed.Max(i => i / 60) - changed.Min(i => i / 60) + 1;
                int width = changed.Max(i => i % 60) - changed.Min(i => i % 60) + 1;
                Assert.HasCount(height * width, changed);
                Assert.IsTrue(changed.All(i => target[i] == 0.5f));
            }
        }
        Assert.AreEqual(0.25, erased / 2000.0, 0.03);
    }

    [TestMethod]
    public void AreasAndAspectsKeepToTheirRanges()
    {
        var size = new PixelSize(500, 500);
        var random = new Random(1);
        (int Top, int Left, PixelSize Size)[] holes = [.. Enumerable.Range(0, 3000).Select(_ => new RandomErasing().Draw(size, random)!.Value)];
        double[] areas = [.. holes.Select(hole => hole.Size.Height * hole.Size.Width / 250_000.0)];
        double[] aspects = [.. holes.Select(hole => Math.Log((double)hole.Size.Height / hole.Size.Width))];
        Assert.AreEqual(0.02, areas.Min(), 0.001);
        Assert.AreEqual(1.0 / 3, areas.Max(), 0.002);
        Assert.AreEqual((0.02 + 1.0 / 3) / 2, areas.Average(), 0.01);
        Assert.AreEqual(Math.Log(1 / 0.3), aspects.Max(), 0.02);
        Assert.AreEqual(Math.Log(0.3), aspects.Min(), 0.02);
        Assert.AreEqual(0, aspects.Average(), 0.05);
        Assert.IsTrue(holes.All(hole => hole.Top >= 0 && hole.Left >= 0 && hole.Top + hole.Size.Height <= 500 && hole.Left + hole.Size.Width <= 500));
        Assert.IsTrue(holes.Any(hole => hole.Top == 0) && holes.Any(hole => hole.Left + hole.Size.Width == 500));
    }

    [TestMethod]
    public void NoiseHasTheChannelsMeanAndDeviation()
    {
        // Normal channels of mean 100 and 20, deviation 10 and 3: holding the noise within their range changes next to nothing.
        var random = new Random(1);
        float[] image = [.. Normal(100, 10), .. Normal(20, 3)];
        float[][] noise = [[.. Erased(0)], [.. Erased(2400)]];
        Assert.AreEqual(image[..2400].Average(), noise[0].Average(), 0.2);
        Assert.AreEqual(Deviation(image[..2400]), Deviation(noise[0]), 0.2);
        Assert.AreEqual(image[2400..].Average(), noise[1].Average(), 0.06);
        Assert.AreEqual(Deviation(image[2400..]), Deviation(noise[1]), 0.06);

        IEnumerable<float> Normal(float mean, float deviation) =>
            Enumerable.Range(0, 2400).Select(_ => mean + deviation * (float)(Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6));

        IEnumerable<float> Erased(int start)
        {
            for (int seed = 0; seed < 100; seed++)
            {
                float[] target = new float[image.Length];
                new RandomErasing(1).Apply<float>(image, target, 2, _size, new Random(seed));
                for (int i = start; i < start + 2400; i++)
                {
                    if (target[i] != image[i])
                    {
                        yield return target[i];
                    }
                }
            }
        }

        static double Deviation(float[] values)
        {
            double mean = values.Average();
            return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        }
    }

    [TestMethod]
    public void NonsenseIsAProblem()
    {
        StringAssert.Contains(new RandomErasing(2).Problems(8).Single(), "Probability is 2");
        StringAssert.Contains(new RandomErasing(MinArea: 0).Problems(8).Single(), "area is 0 to 0.33");
        StringAssert.Contains(new RandomErasing(MinAspect: 4).Problems(8).Single(), "aspect is 4 to 3.33");
        StringAssert.Contains(new RandomErasing(Fill: (ErasingFill)7).Problems(8).Single(), "Fill is 7; expected Noise or Mean");
    }
}
