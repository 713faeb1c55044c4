using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

[TestClass]
public sealed class HueRotationTests
{
    [TestMethod]
    [DataRow(new byte[] { 255, 0, 0 }, 1f / 3, new byte[] { 0, 255, 0 })]
    [DataRow(new byte[] { 255, 0, 0 }, -1f / 3, new byte[] { 0, 0, 255 })]
    [DataRow(new byte[] { 0, 0, 255 }, 1f / 6, new byte[] { 255, 0, 255 })]
    [DataRow(new byte[] { 0, 255, 0 }, -0.5f, new byte[] { 255, 0, 255 })]
    // A third of the first sixth of the wheel; half a turn further: 200 - 150 / 3 = 150.
    [DataRow(new byte[] { 200, 100, 50 }, 0.5f, new byte[] { 50, 150, 200 })]
    // A twelfth: half a sixth further, 1/3 + 1/2 = 5/6: 50 + 150 x 5/6 = 175.
    [DataRow(new byte[] { 200, 100, 50 }, 1f / 12, new byte[] { 200, 175, 50 })]
    [DataRow(new byte[] { 200, 100, 50 }, 0f, new byte[] { 200, 100, 50 })]
    [DataRow(new byte[] { 77, 77, 77 }, 0.25f, new byte[] { 77, 77, 77 })]
    public void ColoursTurnRedToGreenToBlue(byte[] colour, float turn, byte[] expected)
    {
        PixelCanvas canvas = PixelCanvas.Open<byte>(colour, 3, 1);
        HueRotation.Apply(ref canvas, turn);
        byte[] result = new byte[3];
        canvas.CloseTo<byte>(result);
        CollectionAssert.AreEqual(expected, result);
    }

    [TestMethod]
    public void NoTurnLeavesEveryColour()
    {
        byte[] image = AugmentationTests.Image(64, 1);
        PixelCanvas canvas = PixelCanvas.Open<byte>(image, 3, 64);
        HueRotation.Apply(ref canvas, 0);
        byte[] result = new byte[image.Length];
        canvas.CloseTo<byte>(result);
        CollectionAssert.AreEqual(image, result);
    }
}
