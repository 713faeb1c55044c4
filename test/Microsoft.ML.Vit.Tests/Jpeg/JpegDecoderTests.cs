using System.Formats.Tar;
using System.IO.Compression;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Jpeg;
using SkiaSharp;

namespace Microsoft.ML.Vit.Tests.Jpeg;

[TestClass]
public sealed class JpegDecoderTests
{
    [TestMethod]
    [DataRow(SKJpegEncoderDownsample.Downsample420)]
    [DataRow(SKJpegEncoderDownsample.Downsample422)]
    [DataRow(SKJpegEncoderDownsample.Downsample444)]
    public void PixelsAreThoseOfSkia(SKJpegEncoderDownsample downsample)
    {
        var random = new Random(1);
        foreach ((int width, int height) in new[] { (160, 128), (161, 127), (175, 113), (500, 375), (97, 301), (64, 1000) })
        {
            foreach (int quality in new[] { 5, 60, 92, 100 })
            {
                byte[] file = Encode(Drawing(width, height, random), downsample, quality);
                byte[] planes = new byte[3 * width * height];
                Assert.IsTrue(JpegDecoder.TryDecode(file, new(height, width), planes), $"{width} x {height}, quality {quality}");
                CollectionAssert.AreEqual(BySkia(file, width, height), planes, $"{width} x {height}, quality {quality}");
            }
        }
    }

    [TestMethod]
    [DataRow("restarts.jpg")]
    [DataRow("optimized.jpg")]
    public void PixelsOfFilesOfOtherProgramsAreThoseOfSkia(string name)
    {
        byte[] file = OtherProgramsFile(name);
        byte[] planes = new byte[3 * 179 * 131];
        Assert.IsTrue(JpegDecoder.TryDecode(file, new(131, 179), planes));
        CollectionAssert.AreEqual(BySkia(file, 179, 131), planes);
    }

    [TestMethod]
    [TestCategory("Data")]
    public void PixelsOfPhotographsAreThoseOfSkia()
    {
        using var archive = new TarReader(new GZipStream(File.OpenRead(Fixtures.Data("flowers.tar.gz")), CompressionMode.Decompress));
        int decoded = 0, all = 0;
        while (archive.GetNextEntry() is { } entry)
        {
            if (!entry.Name.EndsWith(".jpg", StringComparison.Ordinal))
            {
                continue;
            }
            using var memory = new MemoryStream();
            entry.DataStream!.CopyTo(memory);
            byte[] file = memory.ToArray();
            SKImageInfo info = SKBitmap.DecodeBounds(file);
            byte[] planes = new byte[3 * info.Width * info.Height];
            all++;
            if (JpegDecoder.TryDecode(file, new(info.Height, info.Width), planes))
            {
                CollectionAssert.AreEqual(BySkia(file, info.Width, info.Height), planes, entry.Name);
                decoded++;
            }
        }
        Assert.IsTrue(decoded > 0.9 * all, $"{decoded} of {all}");
    }

    [TestMethod]
    public void WhatIsDamagedOrUnusualIsLeftToSkia()
    {
        byte[] file = Encode(Drawing(160, 128, new Random(2)), SKJpegEncoderDownsample.Downsample420, 90);
        byte[] planes = new byte[3 * 128 * 160];
        foreach (int length in new[] { 2, 20, 300, file.Length / 2, file.Length - 2, file.Length - 1 })
        {
            Assert.IsFalse(JpegDecoder.TryDecode(file.AsSpan(0, length), new(128, 160), planes), $"{length} bytes");
        }
        Assert.IsFalse(JpegDecoder.TryDecode(file, new(128, 161), planes), "another size");
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        byte[] progressive = [.. file];
        progressive[frame + 1] = 0xC2;
        Assert.IsFalse(JpegDecoder.TryDecode(progressive, new(128, 160), planes), "progressive");
    }

    [TestMethod]
    public void ARestartMarkerOutOfTurnIsLeftToSkia()
    {
        byte[] file = OtherProgramsFile("restarts.jpg");
        file[file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD1]) + 1] = 0xD2;
        Assert.IsFalse(JpegDecoder.TryDecode(file, new(131, 179), new byte[3 * 179 * 131]));
    }

    [TestMethod]
    [DataRow(SKJpegEncoderDownsample.Downsample420)]
    [DataRow(SKJpegEncoderDownsample.Downsample422)]
    [DataRow(SKJpegEncoderDownsample.Downsample444)]
    public void DamagedBytesNeverThrowAndNeverWriteElsewhere(SKJpegEncoderDownsample downsample)
    {
        var random = new Random(3);
        byte[] file = Encode(Drawing(144, 130, random), downsample, 80);
        const int size = 3 * 130 * 144;
        byte[] planes = new byte[size + 64];
        for (int i = 0; i < 1000; i++)
        {
            byte[] damaged = [.. file];
            for (int j = random.Next(1, 4); j > 0; j--)
            {
                damaged[random.Next(2, i % 2 == 0 ? 700 : damaged.Length)] = (byte)random.Next(256);
            }
            JpegDecoder.TryDecode(damaged, new(130, 144), planes.AsSpan(0, size));
            Assert.IsFalse(planes.AsSpan(size).ContainsAnyExcept((byte)0));
        }
    }

    /// <summary>One of the files made by OpenCV 4.13 (OpenCvSharp, <c>Mat.ImEncode</c>, quality 85) of a drawing of 179 x 131 pixels: with IMWRITE_JPEG_RST_INTERVAL 3, and with IMWRITE_JPEG_OPTIMIZE.</summary>
    private static byte[] OtherProgramsFile(string name) => File.ReadAllBytes(Path.Combine(Fixtures.RepositoryRoot(), "test", "Microsoft.ML.Vit.Tests", "Jpeg", "Files", name));

    /// <summary>Smooth colours, edges and noise: flat blocks, full ones and values beyond the range.</summary>
    private static SKBitmap Drawing(int width, int height, Random random)
    {
        var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                SKColor colour = ((x / 40 + y / 40) % 3) switch
                {
                    0 => new SKColor((byte)(x * 255 / width), (byte)(y * 255 / height), 128),
                    1 => new SKColor((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)),
                    _ => (x ^ y) % 5 < 2 ? SKColors.Blue : SKColors.Yellow,
                };
                bitmap.SetPixel(x, y, colour);
            }
        }
        return bitmap;
    }

    private static byte[] Encode(SKBitmap bitmap, SKJpegEncoderDownsample downsample, int quality)
    {
        using (bitmap)
        using (SKPixmap pixels = bitmap.PeekPixels())
        using (SKData data = pixels.Encode(new SKJpegEncoderOptions(quality, downsample, SKJpegEncoderAlphaOption.Ignore)))
        {
            return data.ToArray();
        }
    }

    private static byte[] BySkia(byte[] file, int width, int height)
    {
        using SKBitmap bitmap = SKBitmap.Decode(file, new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using PlanarImage planes = PixelUnpacking.Unpack(bitmap.GetPixelSpan(), new(height, width), blueFirst: false, AlphaKind.Opaque, 3);
        return planes.Pixels.ToArray();
    }
}
