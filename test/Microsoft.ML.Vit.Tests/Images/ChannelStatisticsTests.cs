using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class ChannelStatisticsTests
{
    [TestMethod]
    public void StreamedStatisticsAreThoseOfAllValues()
    {
        var random = new Random(1);
        // The second channel's values are far from zero: naive sums of squares would cancel.
        float[][] images = [.. Enumerable.Range(0, 50).Select(_ => Enumerable.Range(0, 40).Select(i => (i < 20 ? 0f : 1e6f) + random.NextSingle()).ToArray())];
        var statistics = new ChannelStatistics(2);
        foreach (float[] image in images)
        {
            statistics.Add(image);
        }
        for (int channel = 0; channel < 2; channel++)
        {
            double[] values = [.. images.SelectMany(image => image.Skip(20 * channel).Take(20)).Select(value => (double)value)];
            double mean = values.Average();
            Assert.AreEqual(mean, statistics.Mean()[channel], 1e-9 * mean);
            Assert.AreEqual(Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), statistics.Std()[channel], 1e-9);
        }
    }

    [TestMethod]
    public void AConstantChannelDividesByOne()
    {
        var statistics = new ChannelStatistics(1);
        statistics.Add([3, 3, 3]);
        statistics.Add([3, 3, 3]);
        Assert.AreEqual(3, statistics.Mean()[0]);
        Assert.AreEqual(1, statistics.Std()[0]);
    }
}
