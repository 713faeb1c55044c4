using Microsoft.ML.Vit.Images;
using SkiaSharp;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class PlaneTurningTests
{
    // Where the stored pixel (x, y) of an image of width w and height h is seen, by the EXIF standard's table of which side the first row and column are.
    [TestMethod]
    public void EveryPixelGoesWhereTheStandardSays()
    {
        const int w = 45, h = 19;
        byte[] pixels = new byte[2 * w * h];
        new Random(1).NextBytes(pixels);
        foreach (SKEncodedOrigin origin in Enum.GetValues<SKEncodedOrigin>().Distinct())
        {
            var stored = new PlanarImage(new PixelSize(h, w), 2);
            pixels.CopyTo(stored.Pixels);
            using PlanarImage seen = PlaneTurning.Upright(stored, origin);
            Assert.AreEqual(origin < SKEncodedOrigin.LeftTop ? new PixelSize(h, w) : new PixelSize(w, h), seen.Size);
            for (int i = 0; i < pixels.Length; i++)
            {
                (int x, int y) = (i % w, i / w % h);
                (int column, int row) = origin switch
                {
                    SKEncodedOrigin.TopLeft => (x, y),
                    SKEncodedOrigin.TopRight => (w - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (w - 1 - x, h - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, h - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (h - 1 - y, x),
                    SKEncodedOrigin.RightBottom => (h - 1 - y, w - 1 - x),
                    SKEncodedOrigin.LeftBottom => (y, w - 1 - x),
                    _ => throw new InvalidOperationException($"{origin}"),
                };
                Assert.AreEqual(pixels[i], seen.Pixels[(i / (w * h) * w * h) + (row * seen.Size.Width) + column], $"{origin}, pixel {x}, {y}");
            }
        }
    }
}
