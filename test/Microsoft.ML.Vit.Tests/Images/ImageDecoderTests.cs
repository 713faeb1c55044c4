using Microsoft.ML.Vit.Images;
using SkiaSharp;
using static Microsoft.ML.Vit.Tests.Images.ImageFiles;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class ImageDecoderTests
{
    [TestMethod]
    [DataRow(SKEncodedImageFormat.Png, 0)]
    [DataRow(SKEncodedImageFormat.Jpeg, 4)]
    [DataRow(SKEncodedImageFormat.Webp, 4)]
    public void ColoursAreThoseDrawn(SKEncodedImageFormat format, int tolerance)
    {
        using PlanarImage image = ImageDecoder.Decode(Quarters(format, 32, 48, Red, Green, Blue, White), 3);
        Assert.AreEqual(new PixelSize(32, 48), image.Size);
        AssertCorners(image, [Red, Green, Blue, White], tolerance);
    }

    // The corners of what a person sees, of an image stored as R G / B W, by the EXIF standard's table of which side the first row and column are.
    [TestMethod]
    [DataRow(1, "RGBW")]
    [DataRow(2, "GRWB")]
    [DataRow(3, "WBGR")]
    [DataRow(4, "BWRG")]
    [DataRow(5, "RBGW")]
    [DataRow(6, "BRWG")]
    [DataRow(7, "WGBR")]
    [DataRow(8, "GWRB")]
    public void ExifOrientationIsApplied(int orientation, string corners)
    {
        var colours = new Dictionary<char, SKColor> { ['R'] = Red, ['G'] = Green, ['B'] = Blue, ['W'] = White };
        byte[] jpeg = WithOrientation(Quarters(SKEncodedImageFormat.Jpeg, 32, 64, Red, Green, Blue, White), orientation);
        byte[] png = WithOrientationChunk(Quarters(SKEncodedImageFormat.Png, 32, 64, Red, Green, Blue, White), orientation);
        foreach (byte[] file in new[] { jpeg, png })
        {
            using PlanarImage image = ImageDecoder.Decode(file, 3);
            Assert.AreEqual(orientation < 5 ? new PixelSize(32, 64) : new PixelSize(64, 32), image.Size);
            AssertCorners(image, [.. corners.Select(letter => colours[letter])], 4);
        }
    }

    [TestMethod]
    public void BrokenExifIsLeftAside()
    {
        byte[] png = WithOrientationChunk(Quarters(SKEncodedImageFormat.Png, 8, 16, Red, Green, Blue, White), 6);
        var random = new Random(1);
        for (int i = 0; i < 500; i++)
        {
            byte[] broken = [.. png];
            random.NextBytes(broken.AsSpan(41 + i % 20, 6));
            try
            {
                using PlanarImage image = ImageDecoder.Decode(broken, 3);
                Assert.AreEqual(8 * 16, image.Size.Height * image.Size.Width);
            }
            catch (InvalidDataException)
            {
                // Skia may refuse the chunk's checksum.
            }
        }
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Png)]
    [DataRow(SKEncodedImageFormat.Webp)]
    public void TransparencyLiesOverWhite(SKEncodedImageFormat format)
    {
        byte[] file = Quarters(format, 16, 16, SKColors.Transparent, Red.WithAlpha(128), Blue.WithAlpha(51), new SKColor(100, 0, 0, 128));
        using PlanarImage image = ImageDecoder.Decode(file, 3);
        AssertCorners(image, [White, new(255, 127, 127), new(204, 204, 255), new(177, 127, 127)], format == SKEncodedImageFormat.Png ? 1 : 6);
    }

    [TestMethod]
    public void PalettesAreResolved()
    {
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
        using PlanarImage opaque = ImageDecoder.Decode(Png(2, 2, 8, 3, [[0, 1], [2, 0]], palette), 3);
        AssertCorners(opaque, [Red, Green, Blue, Red], 0);
        using PlanarImage transparent = ImageDecoder.Decode(Png(2, 2, 8, 3, [[0, 1], [2, 0]], palette, [255, 0]), 3);
        AssertCorners(transparent, [Red, White, Blue, Red], 0);
    }

    [TestMethod]
    public void GreyFilesGiveEqualChannels()
    {
        using PlanarImage eight = ImageDecoder.Decode(Png(2, 2, 8, 0, [[0, 90], [180, 255]]), 3);
        AssertCorners(eight, [new(0, 0, 0), new(90, 90, 90), new(180, 180, 180), White], 0);
        using PlanarImage withAlpha = ImageDecoder.Decode(Png(2, 2, 8, 4, [[0, 255, 90, 255], [180, 0, 0, 102]]), 3);
        AssertCorners(withAlpha, [new(0, 0, 0), new(90, 90, 90), White, new(153, 153, 153)], 0);
        using PlanarImage oneBit = ImageDecoder.Decode(Png(2, 2, 1, 0, [[0b0100_0000], [0b1000_0000]]), 3);
        AssertCorners(oneBit, [new(0, 0, 0), White, White, new(0, 0, 0)], 0);
    }

    [TestMethod]
    public void SixteenBitsAreReducedToEight()
    {
        using PlanarImage colour = ImageDecoder.Decode(Png(2, 1, 16, 2, [[0xFF, 0xFF, 0, 0, 0x80, 0x80], [0x12, 0x12, 0x34, 0x34, 0x56, 0x56]]), 3);
        AssertPixel(colour, 0, 0, new(255, 0, 128), 0);
        AssertPixel(colour, 1, 0, new(0x12, 0x34, 0x56), 0);
        using PlanarImage grey = ImageDecoder.Decode(Png(1, 2, 16, 0, [[0xFF, 0xFF, 0x40, 0x40]]), 3);
        AssertPixel(grey, 0, 0, White, 0);
        AssertPixel(grey, 0, 1, new(64, 64, 64), 0);
    }

    [TestMethod]
    [DataRow(CmykJpeg)]
    [DataRow(YcckJpeg)]
    public void InksBecomeTheirColours(string base64)
    {
        using PlanarImage image = ImageDecoder.Decode(Convert.FromBase64String(base64), 3);
        AssertCorners(image, [new(0, 255, 255), Red, White, new(127, 127, 127)], 4);
    }

    [TestMethod]
    public void BmpIsReadFromTheBottomUp()
    {
        using PlanarImage colour = ImageDecoder.Decode(Bmp(2, 2, 24, [[0, 0, 255, 0, 255, 0], [255, 0, 0, 255, 255, 255]]), 3);
        AssertCorners(colour, [Red, Green, Blue, White], 0);
        using PlanarImage palette = ImageDecoder.Decode(Bmp(2, 2, 8, [[0, 1], [2, 0]], [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0]), 3);
        AssertCorners(palette, [Red, Green, Blue, Red], 0);
        using PlanarImage unused = ImageDecoder.Decode(Bmp(1, 2, 32, [[0, 0, 255, 0, 255, 0, 0, 0]]), 3);
        AssertPixel(unused, 0, 0, Red, 0);
        AssertPixel(unused, 0, 1, Blue, 0);
    }

    [TestMethod]
    public void GifGivesItsFirstFrame()
    {
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
        using PlanarImage animated = ImageDecoder.Decode(Gif(2, 2, palette, null, [0, 1, 2, 0], [1, 1, 1, 1]), 3);
        AssertCorners(animated, [Red, Green, Blue, Red], 0);
        using PlanarImage transparent = ImageDecoder.Decode(Gif(2, 2, palette, 1, [0, 1, 2, 0]), 3);
        AssertCorners(transparent, [Red, White, Blue, Red], 0);
    }

    [TestMethod]
    public void OneChannelIsLuma()
    {
        using PlanarImage image = ImageDecoder.Decode(Quarters(SKEncodedImageFormat.Png, 4, 6, Red, Green, Blue, White), 1);
        Assert.AreEqual(24, image.Pixels.Length);
        // 0.299, 0.587 and 0.114 of 255.
        CollectionAssert.AreEqual(new byte[] { 76, 150, 29, 255 }, new[] { image.Pixels[0], image.Pixels[5], image.Pixels[18], image.Pixels[23] });
    }

    [TestMethod]
    public void TruncatedFilesAreRefused()
    {
        var random = new Random(1);
        SKColor[] colours = [.. Enumerable.Range(0, 4).Select(_ => new SKColor((uint)random.Next() | 0xFF000000))];
        byte[] noise = new byte[64 * 64];
        random.NextBytes(noise);
        byte[] palette = new byte[3 * 128];
        random.NextBytes(palette);
        byte[][] files =
        [
            Noise(SKEncodedImageFormat.Jpeg), Noise(SKEncodedImageFormat.Png), Noise(SKEncodedImageFormat.Webp),
            Gif(64, 64, palette, null, [.. noise.Select(value => (byte)(value & 127))]),
            Bmp(64, 64, 8, [.. noise.Chunk(64)], [.. Enumerable.Range(0, 1024).Select(i => (byte)i)]),
        ];
        foreach (byte[] file in files)
        {
            using (ImageDecoder.Decode(file, 3))
            {
            }
            foreach (double share in new[] { 0.02, 0.1, 0.5, 0.9, 0.97 })
            {
                byte[] cut = file[..(int)(share * file.Length)];
                InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => ImageDecoder.Decode(cut, 3), $"{ImageFormat.Name(file)} cut to {share}");
                StringAssert.Contains(error.Message, cut.Length < 12 ? "" : ImageFormat.Name(file));
            }
        }

        static byte[] Noise(SKEncodedImageFormat format)
        {
            var random = new Random(2);
            using var bitmap = new SKBitmap(new SKImageInfo(64, 64, SKColorType.Rgba8888, SKAlphaType.Opaque));
            bitmap.Pixels = [.. Enumerable.Range(0, 64 * 64).Select(_ => new SKColor((uint)random.Next() | 0xFF000000))];
            using SKData data = bitmap.Encode(format, 90);
            return data.ToArray();
        }
    }

    [TestMethod]
    public void WhatIsNoImageIsNamed()
    {
        StringAssert.Contains(Refused([]), "empty");
        StringAssert.Contains(Refused("<html><body>"u8.ToArray()), "Not a JPEG, PNG, GIF, BMP or WebP image: it begins with 3C 68 74 6D 6C");
        StringAssert.Contains(Refused([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]), "JPEG image is truncated or its header is broken");
    }

    [TestMethod]
    public void AHugeImageIsRefusedBeforeItIsDecoded()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        StringAssert.Contains(Refused(Png(60_000, 60_000, 8, 2, [])), "60000x60000");
        StringAssert.Contains(Refused(Png(1, 100_000, 8, 0, [])), "1x100000");
        Assert.IsLessThan(1L << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Refused(byte[] file) => Assert.ThrowsExactly<InvalidDataException>(() => ImageDecoder.Decode(file, 3)).Message;

    private static void AssertCorners(PlanarImage image, SKColor[] colours, int tolerance)
    {
        (int bottom, int right) = (image.Size.Height - 1, image.Size.Width - 1);
        // A pixel inside the corner, where JPEG's chroma does not bleed.
        (int y, int x) = (bottom / 8, right / 8);
        AssertPixel(image, y, x, colours[0], tolerance);
        AssertPixel(image, y, right - x, colours[1], tolerance);
        AssertPixel(image, bottom - y, x, colours[2], tolerance);
        AssertPixel(image, bottom - y, right - x, colours[3], tolerance);
    }

    private static void AssertPixel(PlanarImage image, int y, int x, SKColor expected, int tolerance)
    {
        int plane = image.Size.Height * image.Size.Width;
        int at = y * image.Size.Width + x;
        var found = new SKColor(image.Pixels[at], image.Pixels[plane + at], image.Pixels[2 * plane + at]);
        int difference = Math.Max(Math.Abs(found.Red - expected.Red), Math.Max(Math.Abs(found.Green - expected.Green), Math.Abs(found.Blue - expected.Blue)));
        Assert.IsLessThanOrEqualTo(tolerance, difference, $"pixel ({y}, {x}) is {found}, expected {expected}");
    }
}
