using System.Text.RegularExpressions;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed partial class PixelResizerTests
{
    [TestMethod]
    [TestCategory("Fixtures")]
    public void BytesAreThoseOfPillow()
    {
        foreach (string folder in Fixtures.FoldersLike("preprocess").DefaultIfEmpty(Fixtures.Folder("preprocess")))
        {
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
                CollectionAssert.AreEqual(Planar(tensors.Bytes(name), channels), resized, name);
                compared++;
            }
            Assert.IsGreaterThan(0, compared, folder);
        }
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
