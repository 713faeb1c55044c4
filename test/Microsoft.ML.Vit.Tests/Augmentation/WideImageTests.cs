using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>Images that are wide enough for vectors of pixels change as those do that are too small for them.</summary>
[TestClass]
public sealed class WideImageTests
{
    private const int Width = 203;

    [TestMethod]
    [DataRow("Invert", 0)]
    [DataRow("Posterize", 3)]
    [DataRow("Solarize", 100)]
    [DataRow("SolarizeAdd", 99)]
    [DataRow("Brightness", 1.7)]
    [DataRow("Color", 1.8)]
    [DataRow("Color", 0.3)]
    public void PixelsChangeAsTheyDoAlone(string operation, double argument)
    {
        byte[] image = AugmentationTests.Image(new(1, Width), 1);
        byte[] changed = PixelOperationsTests.Change(image, 3, new(1, Width), operation, argument);
        for (int x = 0; x < Width; x++)
        {
            CollectionAssert.AreEqual(PixelOperationsTests.Change(Pixel(image, x), 3, 1, operation, argument), Pixel(changed, x));
        }

        static byte[] Pixel(byte[] image, int x) => [image[x], image[Width + x], image[2 * Width + x]];
    }

    [TestMethod]
    [DataRow(1.81)]
    [DataRow(0.0)]
    public void SharpnessLooksAtThreeByThreePixels(double factor)
    {
        byte[] image = AugmentationTests.Image(new(3, Width), 2, channels: 1);
        byte[] changed = PixelOperationsTests.Change(image, 1, new(3, Width), "Sharpness", factor);
        for (int x = 1; x < Width - 1; x++)
        {
            byte[] around = [.. Enumerable.Range(0, 3).SelectMany(y => image[(y * Width + x - 1)..(y * Width + x + 2)])];
            Assert.AreEqual(PixelOperationsTests.Change(around, 1, 3, "Sharpness", factor)[4], changed[Width + x]);
        }
    }

    [TestMethod]
    public void ContrastIsAboutTheMeanOfAllPixels()
    {
        byte[] image = AugmentationTests.Image(new(1, Width), 3);
        // What is left of an image without contrast.
        byte mean = (byte)Math.Round(Enumerable.Range(0, Width).Average(x => (double)((19595 * image[x] + 38470 * image[Width + x] + 7471 * image[2 * Width + x] + 0x8000) >> 16)));
        Assert.IsTrue(PixelOperationsTests.Change(image, 3, new(1, Width), "Contrast").All(value => value == mean));
    }

    [TestMethod]
    [DataRow(5)]
    [DataRow(200)]
    [DataRow(200_003)]
    public void TheSpreadIsThatOfAllValues(int count)
    {
        byte[] values = [.. AugmentationTests.Image(new(1, count), 4, channels: 1).Select(value => (byte)(value / 2 + 128))];
        ChannelSpread spread = ChannelSpread.Of<byte>(values);
        double mean = values.Average(value => (double)value);
        Assert.AreEqual((values.Min(), values.Max()), ((byte)spread.Low, (byte)spread.High));
        Assert.AreEqual(mean, spread.Mean, 1e-9);
        Assert.AreEqual(Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), spread.Std, 1e-9);
    }
}
