namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>
/// Moved pixels against numbers worked out from Pillow's source (Geometry.c and Image.rotate); Pillow itself was not run. The rows by hand; the two larger tables by a
/// transcription of the formulas to plain Python doubles, on the image (17 x² + 29 y² + 31 x y + 7) mod 256 of 4 rows and 5 columns, fill 99.
/// </summary>
[TestClass]
public sealed class AffineWarpTests
{
    private static readonly byte[] _image = [.. Enumerable.Range(0, 20).Select(i => (byte)(i % 5 * (i % 5) * 17 + i / 5 * (i / 5) * 29 + i % 5 * (i / 5) * 31 + 7))];

    [TestMethod]
    public void RotatingIsCounterClockwiseAboutTheCentre()
    {
        byte[] image = [1, 2, 3, 4];
        CollectionAssert.AreEqual(new byte[] { 2, 4, 1, 3 }, PixelOperationsTests.Change(image, 1, 2, "Rotate", 90));
        CollectionAssert.AreEqual(new byte[] { 3, 1, 4, 2 }, PixelOperationsTests.Change(image, 1, 2, "Rotate", -90));
        CollectionAssert.AreEqual(new byte[] { 4, 3, 2, 1 }, PixelOperationsTests.Change(image, 1, 2, "Rotate", 180));
    }

    [TestMethod]
    [DataRow(Interpolation.Nearest, new byte[] { 99, 75, 160, 176, 176, 7, 84, 166, 206, 131, 36, 84, 59, 206, 144, 123, 123, 122, 10, 99 })]
    [DataRow(Interpolation.Bilinear, new byte[] { 99, 64, 122, 100, 172, 20, 83, 131, 121, 132, 39, 134, 94, 145, 163, 116, 119, 97, 47, 99 })]
    [DataRow(Interpolation.Bicubic, new byte[] { 99, 36, 137, 82, 202, 12, 88, 137, 108, 131, 39, 154, 82, 159, 184, 113, 151, 101, 28, 99 })]
    public void RotatesBy27Degrees(Interpolation interpolation, byte[] expected)
    {
        CollectionAssert.AreEqual(expected, PixelOperationsTests.Change(_image, 1, new(4, 5), "Rotate", 27, interpolation, [99]));
    }

    [TestMethod]
    [DataRow(Interpolation.Nearest, new byte[] { 7, 24, 99, 99, 99, 36, 84, 75, 160, 23, 123, 202, 166, 26, 176, 12, 122, 59, 206, 131 })]
    [DataRow(Interpolation.Bilinear, new byte[] { 7, 24, 99, 99, 99, 32, 59, 104, 152, 23, 111, 154, 131, 35, 143, 26, 154, 43, 205, 140 })]
    [DataRow(Interpolation.Bicubic, new byte[] { 4, 15, 99, 99, 99, 23, 42, 112, 152, 2, 122, 171, 148, 29, 149, 28, 165, 27, 213, 144 })]
    public void ShearsColumns(Interpolation interpolation, byte[] expected)
    {
        CollectionAssert.AreEqual(expected, PixelOperationsTests.Change(_image, 1, new(4, 5), "ShearY", -0.27, interpolation, [99]));
    }

    [TestMethod]
    public void ShearsRowsInProportionToTheirPlace()
    {
        // Rows are read 0.25 and 0.75 further right: 0 + 0.25 x 100, ...; 3.5 + 0.75 lies outside.
        byte[] row = [0, 100, 200, 40];
        CollectionAssert.AreEqual(
            new byte[] { 25, 125, 160, 40, 75, 175, 80, 9 }, PixelOperationsTests.Change([.. row, .. row], 1, new(2, 4), "ShearX", 0.5, Interpolation.Bilinear, [9]));
    }

    [TestMethod]
    [DataRow(Interpolation.Bilinear, new byte[] { 50, 150, 9 })]
    // By cubic convolution: 100 / 2 - 50 / 4 = 37.5; 100 + 125 / 2 = 162.5.
    [DataRow(Interpolation.Bicubic, new byte[] { 37, 162, 9 })]
    public void TranslatesByParts(Interpolation interpolation, byte[] expected)
    {
        CollectionAssert.AreEqual(expected, PixelOperationsTests.Change([0, 100, 200], 1, new(1, 3), "TranslateX", 0.5, interpolation, [9]));
        CollectionAssert.AreEqual(expected, PixelOperationsTests.Change([0, 100, 200], 1, new(3, 1), "TranslateY", 0.5, interpolation, [9]));
    }

    [TestMethod]
    public void TranslatesWholePixelsAndFillsEachChannel()
    {
        byte[] image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        foreach (Interpolation interpolation in new[] { Interpolation.Nearest, Interpolation.Bilinear, Interpolation.Bicubic })
        {
            CollectionAssert.AreEqual(new byte[] { 124, 1, 2, 116, 4, 5, 104, 7, 8 }, PixelOperationsTests.Change(image, 3, new(1, 3), "TranslateX", -1, interpolation, [124, 116, 104]));
        }
    }

    [TestMethod]
    public void CubicOvershootIsHeldWithinBytes()
    {
        // Between the middle two of 255 0 0 255: -63.75; of 0 255 255 0: 318.75.
        CollectionAssert.AreEqual(new byte[] { 0, 255 }, new[] { Middle([255, 0, 0, 255]), Middle([0, 255, 255, 0]) });

        static byte Middle(byte[] row) => PixelOperationsTests.Change(row, 1, new(1, 4), "TranslateX", 0.5, Interpolation.Bicubic)[1];
    }

    [TestMethod]
    [DataRow(Interpolation.Bilinear)]
    [DataRow(Interpolation.Bicubic)]
    public void AnEvenAreaStaysEven(Interpolation interpolation)
    {
        byte[] image = Enumerable.Repeat((byte)201, 64).ToArray();
        for (double angle = -30; angle <= 30; angle += 3.3)
        {
            CollectionAssert.AreEqual(image, PixelOperationsTests.Change(image, 1, 8, "Rotate", angle, interpolation, [201]));
        }
    }
}
