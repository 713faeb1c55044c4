using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>The operations against numbers worked out by hand from Pillow's source (ImageOps.py, ImageEnhance.py, Blend.c, Filter.c); Pillow itself was not run.</summary>
[TestClass]
public sealed class PixelOperationsTests
{
    // Their mean, 762 / 8, rounds to 95.
    private static readonly byte[] _values = [0, 1, 25, 26, 127, 128, 200, 255];

    [TestMethod]
    [DataRow("Identity", 0, new byte[] { 0, 1, 25, 26, 127, 128, 200, 255 })]
    [DataRow("Invert", 0, new byte[] { 255, 254, 230, 229, 128, 127, 55, 0 })]
    [DataRow("Posterize", 8, new byte[] { 0, 1, 25, 26, 127, 128, 200, 255 })]
    [DataRow("Posterize", 4, new byte[] { 0, 0, 16, 16, 112, 128, 192, 240 })]
    [DataRow("Posterize", 1, new byte[] { 0, 0, 0, 0, 0, 128, 128, 128 })]
    [DataRow("Posterize", 0, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 })]
    [DataRow("Solarize", 26, new byte[] { 0, 1, 25, 229, 128, 127, 55, 0 })]
    [DataRow("Solarize", 256, new byte[] { 0, 1, 25, 26, 127, 128, 200, 255 })]
    [DataRow("SolarizeAdd", 99, new byte[] { 99, 100, 124, 125, 226, 128, 200, 255 })]
    [DataRow("SolarizeAdd", 200, new byte[] { 200, 201, 225, 226, 255, 128, 200, 255 })]
    // value x factor, cut off: 25 x 1.81 = 45.25, 128 x 1.81 = 231.68.
    [DataRow("Brightness", 0.5, new byte[] { 0, 0, 12, 13, 63, 64, 100, 127 })]
    [DataRow("Brightness", 1.81, new byte[] { 0, 1, 45, 47, 229, 231, 255, 255 })]
    // 95 + 0.19 (value - 95): 76.95, 77.14, 81.7, 81.89, 101.08, 101.27, 114.95, 125.4.
    [DataRow("Contrast", 0.19, new byte[] { 76, 77, 81, 81, 101, 101, 114, 125 })]
    // Fewer than 255 values beside the most frequent last: left as they are.
    [DataRow("Equalize", 0, new byte[] { 0, 1, 25, 26, 127, 128, 200, 255 })]
    public void TonesChangeByTheTable(string operation, double argument, byte[] expected)
    {
        CollectionAssert.AreEqual(expected, Change(_values, 1, new(2, 4), operation, argument));
    }

    [TestMethod]
    public void AutoContrastStretchesEachChannelByItself()
    {
        // (value - 50) x 255 / 150: 0, 85, 170, 255; (value - 10) x 255 / 7, cut off: 0, 36.4, 72.9, 255; one value stays.
        byte[] image = [50, 100, 150, 200, 10, 11, 12, 17, 9, 9, 9, 9];
        CollectionAssert.AreEqual(new byte[] { 0, 85, 170, 255, 0, 36, 72, 255, 9, 9, 9, 9 }, Change(image, 3, 2, "AutoContrast"));
    }

    [TestMethod]
    public void EqualizeGivesEachValueTheShareBelowIt()
    {
        // 255 x 10, 510 x 20, 257 x 30: step (255 + 510) / 255 = 3; 1 / 3 = 0, (1 + 255) / 3 = 85, (1 + 765) / 3 = 255.
        byte[] image = [.. Enumerable.Repeat((byte)10, 255), .. Enumerable.Repeat((byte)20, 510), .. Enumerable.Repeat((byte)30, 257)];
        byte[] result = Change(image, 1, new(2, 511), "Equalize");
        CollectionAssert.AreEqual(new byte[] { 0, 85, 255 }, new[] { result[0], result[255], result[^1] });
        // 300 x 5, 1 x 9: step 1; 300 / 1 is held at 255.
        image = [.. Enumerable.Repeat((byte)5, 300), 9];
        CollectionAssert.AreEqual(new byte[] { 0, 255 }, Change(image, 1, new(7, 43), "Equalize").Distinct().ToArray());
        image = new byte[1024];
        CollectionAssert.AreEqual(image, Change(image, 1, 32, "Equalize"));
    }

    [TestMethod]
    [DataRow(0.19, new byte[] { 138, 119, 109 })]
    [DataRow(1.81, new byte[] { 255, 80, 0 })]
    [DataRow(0.0, new byte[] { 124, 124, 124 })]
    [DataRow(1.0, new byte[] { 200, 100, 50 })]
    public void ColorGoesFromGreyToTheImageAndBeyond(double factor, byte[] expected)
    {
        // Grey: (200 x 19595 + 100 x 38470 + 50 x 7471 + 32768) >> 16 = 124; 124 + 0.19 x 76 = 138.44, 124 - 0.19 x 24 = 119.44, 124 - 0.19 x 74 = 109.94.
        CollectionAssert.AreEqual(expected, Change([200, 100, 50], 3, 1, "Color", factor));
    }

    [TestMethod]
    public void GreyPlanesHaveNoColor()
    {
        CollectionAssert.AreEqual(_values, Change(_values, 1, new(2, 4), "Color", 0.1));
        CollectionAssert.AreEqual(_values, Change(_values, 2, 2, "Color", 0.1));
    }

    [TestMethod]
    public void ContrastOfAColourImageIsAboutItsMeanGrey()
    {
        // Greys 124 (above) and 255: mean 189.5, rounded up to 190; 190 + 0.5 x (value - 190).
        CollectionAssert.AreEqual(new byte[] { 195, 222, 145, 222, 120, 222 }, Change([200, 255, 100, 255, 50, 255], 3, new(1, 2), "Contrast", 0.5));
    }

    [TestMethod]
    [DataRow(0.19, (byte)65)]
    [DataRow(1.81, (byte)194)]
    [DataRow(0.0, (byte)50)]
    public void SharpnessGoesFromTheBlurToTheImageAndBeyond(double factor, byte expected)
    {
        // The middle of 3 x 3 blurs to 5 x 130 / 13 = 50; 50 + 0.19 x 80 = 65.2. The border stays.
        byte[] image = [1, 0, 0, 0, 130, 0, 0, 0, 0];
        byte[] blurred = [1, 0, 0, 0, expected, 0, 0, 0, 0];
        CollectionAssert.AreEqual(blurred, Change(image, 1, 3, "Sharpness", factor));
        CollectionAssert.AreEqual(_values, Change(_values, 1, new(2, 4), "Sharpness", factor));
    }

    [TestMethod]
    public void SharpnessBlursRowsOfAnyWidth()
    {
        byte[] image = [10, 20, 30, 100, 10, 20, 30, 100, 10, 20, 30, 100];
        // x = 1: (180 + 80) / 13 = 20; x = 2: (450 + 120) / 13 = 43.85, rounded 44.
        CollectionAssert.AreEqual(new byte[] { 10, 20, 44, 100 }, Change(image, 1, new(3, 4), "Sharpness", 0)[4..8]);
    }

    internal static byte[] Change(
        byte[] image, int channels, PixelSize size, string operation, double argument = 0, Interpolation interpolation = Interpolation.Nearest, byte[]? fill = null)
    {
        PixelCanvas canvas = PixelCanvas.Open<byte>(image, channels, size);
        PixelOperations.Apply(ref canvas, Enum.Parse<PixelOperation>(operation), argument, interpolation, fill ?? [0]);
        byte[] result = new byte[image.Length];
        canvas.CloseTo<byte>(result);
        return result;
    }
}
