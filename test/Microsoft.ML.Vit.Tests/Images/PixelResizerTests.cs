using System.Text.RegularExpressions;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed partial class PixelResizerTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [TestCategory("Fixtures")]
    public void BytesAreThoseOfPillow()
    {
        string folder = Fixtures.Folder("preprocess");
        var tensors = new RawTensors(Path.Combine(folder, "io.safetensors"));
        int compared = 0;
        foreach (string name in tensors.Names)
        {
            Match match = ResizedName().Match(name);
            if (!match.Success || !Enum.TryParse(match.Groups["filter"].Value, ignoreCase: true, out Interpolation filter))
            {
                continue;
            }
            int[] shape = tensors.Shape(name);
            var size = new PixelSize(shape[0], shape[1]);
            int channels = shape[2];
            using PlanarImage photo = ImageDecoder.Decode(File.ReadAllBytes(Path.Combine(folder, match.Groups["photo"].Value + ".png")), channels);
            byte[] resized = new byte[channels * size.Height * size.Width];
            new PixelResizer(filter).Resize(photo.Pixels, photo.Size, resized, size, channels);
            int[] differences = [.. Planar(tensors.Bytes(name), channels).Zip(resized, (expected, found) => Math.Abs(expected - found))];
            TestContext.WriteLine($"{name}: largest {differences.Max()}/255, mean {differences.Average():F5}/255");
            Assert.IsLessThanOrEqualTo(2, differences.Max(), name);
            Assert.IsLessThanOrEqualTo(0.3, differences.Average(), name);
            compared++;
        }
        Assert.IsGreaterThan(0, compared, folder);
    }

    // Pillow 9.4: Image.frombytes('L', (9, 7), bytes((i*i*37 + 11*i) & 255 for i in range(63))).resize((width, 3), filter).
    [TestMethod]
    [DataRow(Interpolation.Nearest, new[] { 226, 84, 238, 176, 132, 94, 96, 138, 206, 16, 122, 12 })]
    [DataRow(Interpolation.Lanczos, new[] { 120, 181, 153, 127, 169, 147, 135, 133, 162, 76, 140, 75 })]
    [DataRow(Interpolation.Bilinear, new[] { 129, 161, 161, 129, 161, 140, 139, 132, 162, 90, 132, 81 })]
    [DataRow(Interpolation.Bicubic, new[] { 122, 170, 158, 128, 166, 144, 139, 134, 164, 81, 137, 77 })]
    [DataRow(Interpolation.Box, new[] { 75, 165, 153, 139, 168, 154, 145, 133, 177, 80, 137, 63 })]
    [DataRow(Interpolation.Hamming, new[] { 114, 152, 170, 135, 159, 138, 139, 135, 169, 69, 134, 70 })]
    [DataRow(Interpolation.Lanczos, new[] { 26, 123, 211, 170, 112, 199, 214, 107, 84, 155, 153, 163, 174, 172, 141, 128, 163, 129, 146, 118, 109, 177, 188, 168, 135, 67, 37, 125, 152, 161, 95, 46, 86 })]
    [DataRow(Interpolation.Bicubic, new[] { 31, 132, 202, 174, 116, 199, 212, 112, 91, 145, 154, 161, 169, 168, 145, 125, 160, 131, 148, 125, 109, 172, 187, 172, 136, 75, 40, 127, 151, 152, 96, 50, 86 })]
    public void SmallImagesAreResizedToTheByteAsByPillow(Interpolation filter, int[] expected)
    {
        byte[] source = [.. Enumerable.Range(0, 63).Select(i => (byte)(i * i * 37 + 11 * i))];
        byte[] target = new byte[expected.Length];
        new PixelResizer(filter).Resize(source, new(7, 9), target, new(3, expected.Length / 3), 1);
        CollectionAssert.AreEqual(expected.Select(value => (byte)value).ToArray(), target);
    }

    [TestMethod]
    public void AnImageOfTheSameSizeIsCopied()
    {
        byte[] source = new byte[3 * 5 * 7];
        new Random(1).NextBytes(source);
        foreach (Interpolation filter in Enum.GetValues<Interpolation>())
        {
            byte[] target = new byte[source.Length];
            new PixelResizer(filter).Resize(source, new(5, 7), target, new(5, 7), 3);
            CollectionAssert.AreEqual(source, target, filter.ToString());
        }
    }

    [TestMethod]
    public void AFlatImageStaysFlatAtAnySize()
    {
        byte[] source = new byte[2 * 37 * 53];
        Array.Fill(source, (byte)255);
        foreach (Interpolation filter in Enum.GetValues<Interpolation>())
        {
            var resizer = new PixelResizer(filter);
            foreach (PixelSize size in new PixelSize[] { 1, 2, new(37, 11), new(11, 53), new(80, 99), new(5, 200) })
            {
                byte[] target = new byte[2 * size.Height * size.Width];
                resizer.Resize(source, new(37, 53), target, size, 2);
                Assert.IsTrue(target.All(value => value == 255), $"{filter} to {size}");
            }
        }
    }

    [TestMethod]
    public void AWindowHasTheBytesOfTheWholeCropped()
    {
        byte[] source = new byte[2 * 37 * 53];
        new Random(2).NextBytes(source);
        foreach (Interpolation filter in Enum.GetValues<Interpolation>())
        {
            foreach (PixelSize to in new PixelSize[] { new(20, 31), new(37, 31), new(20, 53), new(37, 53), new(90, 80) })
            {
                byte[] whole = new byte[2 * to.Height * to.Width];
                new PixelResizer(filter).Resize(source, new(37, 53), whole, to, 2);
                var window = new PixelWindow(3, 5, new(11, 17));
                byte[] target = new byte[2 * 11 * 17];
                new PixelResizer(filter).Resize(source, new(37, 53), target, to, window, 2);
                byte[] expected = [.. from row in Enumerable.Range(0, 22) from x in Enumerable.Range(5, 17) select whole[(row / 11 * to.Height + 3 + row % 11) * to.Width + x]];
                CollectionAssert.AreEqual(expected, target, $"{filter} to {to}");
            }
        }
    }

    private static byte[] Planar(ReadOnlySpan<byte> interleaved, int channels)
    {
        byte[] planar = new byte[interleaved.Length];
        for (int i = 0; i < interleaved.Length; i++)
        {
            planar[i % channels * (interleaved.Length / channels) + i / channels] = interleaved[i];
        }
        return planar;
    }

    [GeneratedRegex(@"^(?<photo>[^_]+)_(?<filter>[a-z]+)_\d+x\d+$")]
    private static partial Regex ResizedName();
}
