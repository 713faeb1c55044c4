using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Explaining;

[TestClass]
public sealed class ExplanationTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    private static VitTransformer s_model = null!;

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        using var folder = new TemporaryFolder();
        IDataView data = s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(folder.Path, perClass: 8));
        IDataView keyed = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
        s_model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { FeatureColumnName = "ImagePath" }).Fit(keyed);
    }

    [ClassCleanup]
    public static void Free() => s_model.Dispose();

    [TestMethod]
    public void ExplainsTheMostProbableClassUnlessAskedForAnother()
    {
        using MLImage image = Picture(48, 32, (x, y) => (40, 200, 40));
        Explanation best = s_model.Explain(image);
        Assert.AreEqual("green", best.ClassName);
        Assert.AreEqual("green", s_model.ClassNames[best.ClassIndex]);
        Assert.IsGreaterThan(1f / 3, best.Probability);
        Assert.AreEqual(new PixelSize(2, 2), best.Grid);
        Assert.HasCount(4, best.Relevance);
        Assert.HasCount(4, best.Rollout);
        Explanation other = s_model.Explain(image, (best.ClassIndex + 1) % 3);
        Assert.AreNotEqual(best.ClassName, other.ClassName);
        Assert.IsLessThan(best.Probability, other.Probability);
        CollectionAssert.AreEqual(best.Rollout.ToArray(), other.Rollout.ToArray());
        Assert.AreEqual(48, image.Width, "the image is not disposed");
    }

    [TestMethod]
    public void OverlayHasTheImagesSizeAndColoursTheHighestPatchMost()
    {
        (byte, byte, byte) grey = (128, 128, 128);
        Explanation explanation = Of([0, 0, 0, 1], new PixelSize(40, 60), seen: (0, 0, 40, 60));
        using MLImage overlay = explanation.Overlay();
        Assert.AreEqual((60, 40), (overlay.Width, overlay.Height));
        Assert.AreEqual(grey, Pixel(overlay, 2, 2), "the lowest is left as it is");
        (byte red, byte green, byte blue) = Pixel(overlay, 57, 37);
        Assert.IsTrue(red > 180 && green < 70 && blue < 70, $"{red}, {green}, {blue}");
        using MLImage faint = explanation.Overlay(ExplanationMethod.Relevance, opacity: 0);
        Assert.AreEqual(grey, Pixel(faint, 57, 37));
        using MLImage flat = explanation.Overlay(ExplanationMethod.Rollout);
        Assert.AreEqual(grey, Pixel(flat, 57, 37), "equal numbers colour nothing");
    }

    [TestMethod]
    public void WhatIsCroppedAwayStaysAsItIs()
    {
        // A model that sees the middle third of a wide picture.
        Explanation explanation = Of([0, 1, 0, 1], new PixelSize(30, 90), seen: (0, 30, 30, 30));
        using MLImage overlay = explanation.Overlay();
        Assert.AreEqual((128, 128, 128), Pixel(overlay, 62, 15));
        Assert.AreEqual((128, 128, 128), Pixel(overlay, 10, 15));
        Assert.AreNotEqual((128, 128, 128), Pixel(overlay, 55, 15));
    }

    [TestMethod]
    public void NonsenseIsRefused()
    {
        using MLImage image = Picture(16, 16, (_, _) => (1, 2, 3));
        Assert.ThrowsExactly<ArgumentNullException>(() => s_model.Explain((MLImage)null!));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_model.Explain(image, 3)).Message, "3 classes");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => s_model.Explain(image, -1));
        Explanation explanation = s_model.Explain(image);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => explanation.Overlay(opacity: double.NaN));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => explanation.Overlay((ExplanationMethod)9));
        MLImage gone = Picture(16, 16, (_, _) => (1, 2, 3));
        gone.Dispose();
        Assert.ThrowsExactly<InvalidOperationException>(() => s_model.Explain(gone));
    }

    [TestMethod]
    public void ManyThreadsGetEqualExplanationsAndLeaveNoTensors()
    {
        using MLImage image = Picture(20, 20, (x, _) => ((byte)(x * 12), 90, 40));
        float[] expected = [.. s_model.Explain(image).Relevance];
        long Left(int times) => Leaks.TensorsLeft(() => Parallel.For(0, times, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => CollectionAssert.AreEqual(expected, s_model.Explain(image).Relevance.ToArray())));
        Left(4);
        Assert.AreEqual(Left(4), Left(24));
    }

    private static Explanation Of(float[] relevance, PixelSize size, (double, double, double, double) seen)
    {
        byte[] picture = new byte[size.Height * size.Width * 4];
        Array.Fill(picture, (byte)128);
        return new Explanation(picture, size, seen) { Grid = 2, ClassIndex = 0, ClassName = "a", Probability = 1, Relevance = relevance, Rollout = [1, 1, 1, 1] };
    }

    private static MLImage Picture(int width, int height, Func<int, int, (byte Red, byte Green, byte Blue)> colour)
    {
        byte[] pixels = new byte[4 * width * height];
        for (int i = 0; i < width * height; i++)
        {
            (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2]) = colour(i % width, i / width);
            pixels[(4 * i) + 3] = 255;
        }
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    private static (byte Red, byte Green, byte Blue) Pixel(MLImage image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.Slice(4 * ((y * image.Width) + x), 4);
        return image.PixelFormat == MLPixelFormat.Bgra32 ? (pixel[2], pixel[1], pixel[0]) : (pixel[0], pixel[1], pixel[2]);
    }
}
