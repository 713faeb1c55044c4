using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Interop;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed partial class ImageFitterTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [TestCategory("Fixtures")]
    public void CentresAreThoseOfPillow()
    {
        string folder = Fixtures.Folder("preprocess");
        var tensors = new RawTensors(Path.Combine(folder, "io.safetensors"));
        int compared = 0;
        foreach (string name in tensors.Names)
        {
            if (ShortestName().Match(name) is not { Success: true } match)
            {
                continue;
            }
            Preprocessing preprocessing = Shortest(match);
            int[] shape = tensors.Shape(name);
            Assert.AreEqual(preprocessing.Size, new PixelSize(shape[0], shape[1]), name);
            byte[] fitted = Fitted(Path.Combine(folder, match.Groups["photo"].Value + ".png"), preprocessing);
            byte[] expected = tensors.Bytes(name).ToArray();
            int plane = shape[0] * shape[1];
            Compare(name, [.. fitted.Select((value, i) => Math.Abs((double)value - expected[i % plane * 3 + i / plane]))]);
            compared++;
        }
        Assert.IsGreaterThan(0, compared, folder);
    }

    // The processors' own defaults; the shortest edge is the set's.
    [TestMethod]
    [TestCategory("Fixtures")]
    [DataRow("vitprocessor", """{ "image_processor_type": "ViTImageProcessor", "size": { "height": HEIGHT, "width": WIDTH } }""")]
    [DataRow("bitprocessor", """{ "image_processor_type": "BitImageProcessor", "size": { "shortest_edge": SHORTEST }, "crop_size": { "height": HEIGHT, "width": WIDTH } }""")]
    public void PixelValuesAreThoseOfTransformers(string processor, string json)
    {
        string folder = Fixtures.Folder("preprocess");
        var tensors = new RawTensors(Path.Combine(folder, "io.safetensors"));
        string shortest = tensors.Names.Select(name => ShortestName().Match(name)).First(match => match.Success).Groups["short"].Value;
        NativeLoader.EnsureLoaded();
        string[] names = [.. tensors.Names.Where(name => name.EndsWith("_" + processor, StringComparison.Ordinal))];
        Assert.IsNotEmpty(names, folder);
        foreach (string name in names)
        {
            int[] shape = tensors.Shape(name);
            string filled = json.Replace("HEIGHT", shape[2].ToString(CultureInfo.InvariantCulture)).Replace("WIDTH", shape[3].ToString(CultureInfo.InvariantCulture)).Replace("SHORTEST", shortest);
            Preprocessing preprocessing = PreprocessorConfig.Read(new MemoryStream(Encoding.UTF8.GetBytes(filled)), name);
            byte[] fitted = Fitted(Path.Combine(folder, name.Split('_')[0] + ".png"), preprocessing);
            using var normalizer = new InputNormalizer(preprocessing, torch.CPU);
            using torch.Tensor pixels = torch.tensor(fitted, [1, 3, shape[2], shape[3]]);
            using torch.Tensor normalized = normalizer.Apply(pixels);
            float[] found = normalized.data<float>().ToArray();
            float[] expected = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensors.Bytes(name)).ToArray();
            int plane = shape[2] * shape[3];
            Compare(name, [.. found.Select((value, i) => Math.Abs(value - expected[i]) * 255 * preprocessing.Std[i / plane % preprocessing.Std.Count])]);
        }
    }

    // An edge of 8 cut to 3 leaves 5: 2 by both rules; 10 to 3 leaves 7: 3, or 3.5 to even, 4.
    [TestMethod]
    [DataRow(8, 3, false, 2)]
    [DataRow(8, 3, true, 2)]
    [DataRow(10, 3, false, 3)]
    [DataRow(10, 3, true, 4)]
    [DataRow(3, 3, true, 0)]
    public void TheCentreIsCutWhereTheLibraryCutsIt(int width, int size, bool even, int first)
    {
        var preprocessing = new Preprocessing { Size = new(1, size), ResizeTo = new(1, width), CropRoundsToEven = even, Channels = 1 };
        CollectionAssert.AreEqual(Enumerable.Range(first, size).Select(x => (byte)x).ToArray(), Fit(preprocessing, new(1, width)));
    }

    [TestMethod]
    public void WhatIsTooSmallForTheCropIsPaddedWithBlack()
    {
        var preprocessing = new Preprocessing { Size = new(4, 3), ResizeTo = new(1, 4), Channels = 1 };
        CollectionAssert.AreEqual(new byte[] { 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0 }, Fit(preprocessing, new(1, 4)));
    }

    [TestMethod]
    public void ACropSourceIsTheSameImageOfItsOwnSizeBehindIt()
    {
        var preprocessing = new Preprocessing { Size = new(4, 6), ResizeTo = new(5, 8), KeepAspectRatio = true };
        using var image = new PlanarImage(new(40, 30), 3);
        new Random(1).NextBytes(image.Pixels);
        byte[] both = new byte[3 * ((4 * 6) + (8 * 12))], seen = new byte[3 * 4 * 6], larger = new byte[3 * 8 * 12];
        new ImageFitter(preprocessing, new PixelSize(8, 12)).Fit(image, both);
        new ImageFitter(preprocessing).Fit(image, seen);
        new ImageFitter(preprocessing with { Size = new(8, 12), ResizeTo = new(10, 16) }).Fit(image, larger);
        CollectionAssert.AreEqual((byte[])[.. seen, .. larger], both);
    }

    // The last two are 12 million pixels long when resized whole: only the window may be computed.
    [TestMethod]
    [DataRow(6, 10, 3, 3)]
    [DataRow(10, 6, 3, 3)]
    [DataRow(6, 10, 3, 4)]
    [DataRow(5, 5, 3, 4)]
    [DataRow(1, 60000, 200, 200)]
    [DataRow(60000, 1, 224, 200)]
    public void AnImageThatKeepsItsRatioCoversTheInput(int height, int width, int toHeight, int toWidth)
    {
        var preprocessing = new Preprocessing { Size = new(toHeight, toWidth), KeepAspectRatio = true, Channels = 1, Interpolation = Interpolation.Bilinear };
        using var image = new PlanarImage(new(height, width), 1);
        image.Pixels.Fill(200);
        byte[] fitted = new byte[toHeight * toWidth];
        new ImageFitter(preprocessing).Fit(image, fitted);
        Assert.IsTrue(fitted.All(value => value == 200));
    }

    [TestMethod]
    public void TheLongEdgeIsRoundedDownAfterAShortestEdgeAndToNearestAfterARectangle()
    {
        // 3 * 11 / 6 is 5.5: 5 wide by torchvision. To cover 3x2 the ratio is 2, and 11 / 2 is 5.5 too: 6 by Python's round.
        foreach ((PixelSize to, int wide) in new[] { (new PixelSize(3, 3), 5), (new PixelSize(3, 2), 6) })
        {
            using var image = new PlanarImage(new(6, 11), 1);
            new Random(4).NextBytes(image.Pixels);
            byte[] whole = new byte[3 * wide];
            new PixelResizer(Interpolation.Bilinear).Resize(image.Pixels, image.Size, whole, new(3, wide), 1);
            byte[] fitted = new byte[3 * wide];
            new ImageFitter(new Preprocessing { Size = new(3, wide), ResizeTo = to, KeepAspectRatio = true, Channels = 1, Interpolation = Interpolation.Bilinear }).Fit(image, fitted);
            CollectionAssert.AreEqual(whole, fitted, to.ToString());
        }
    }

    private void Compare(string name, double[] differences)
    {
        TestContext.WriteLine($"{name}: largest {differences.Max():F4}/255, mean {differences.Average():F5}/255");
        // Normalised values are floats: a difference of 2 may come out a little larger.
        Assert.IsLessThanOrEqualTo(2.001, differences.Max(), name);
        Assert.IsLessThanOrEqualTo(0.3, differences.Average(), name);
    }

    private static Preprocessing Shortest(Match match) => new()
    {
        Size = int.Parse(match.Groups["crop"].Value, CultureInfo.InvariantCulture),
        ResizeTo = int.Parse(match.Groups["short"].Value, CultureInfo.InvariantCulture),
        KeepAspectRatio = true,
    };

    private static byte[] Fitted(string file, Preprocessing preprocessing)
    {
        using PlanarImage photo = ImageDecoder.Decode(File.ReadAllBytes(file), preprocessing.Channels);
        byte[] fitted = new byte[preprocessing.Channels * preprocessing.Size.Height * preprocessing.Size.Width];
        new ImageFitter(preprocessing).Fit(photo, fitted);
        return fitted;
    }

    /// <summary>Fits a grey image whose values are their own places.</summary>
    private static byte[] Fit(Preprocessing preprocessing, PixelSize size)
    {
        using var image = new PlanarImage(size, 1);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = (byte)i;
        }
        byte[] fitted = new byte[preprocessing.Size.Height * preprocessing.Size.Width];
        Array.Fill(fitted, (byte)77);
        new ImageFitter(preprocessing).Fit(image, fitted);
        return fitted;
    }

    [GeneratedRegex(@"^(?<photo>[^_]+)_shortest(?<short>\d+)_crop(?<crop>\d+)$")]
    private static partial Regex ShortestName();
}
