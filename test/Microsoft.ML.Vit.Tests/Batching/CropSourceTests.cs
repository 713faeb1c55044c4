using System.Collections.Concurrent;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Tests.Batching;

/// <summary>The larger copies of images that random resized crops are cut out of.</summary>
[TestClass]
public sealed class CropSourceTests
{
    private const int Count = 12, Seen = 16, Larger = 32;

    private static readonly VitAugmentation s_crop = new RandomResizedCrop();

    private static readonly MLContext s_ml = new(1);
    private static readonly Preprocessing s_preprocessing = new() { Size = Seen };

    private static TemporaryFolder? s_folder;
    private static IDataView s_files = null!;

    [ClassInitialize]
    public static void WriteFiles(TestContext context)
    {
        s_folder = new TemporaryFolder();
        s_files = Keyed(s_ml, s_ml.Data.LoadImagesFromFolder(TestImages.WriteFolder(s_folder.Path, perClass: Count / 3, side: 40)));
    }

    [ClassCleanup]
    public static void Delete() => s_folder?.Dispose();

    [TestMethod]
    public void ImagesThatAreNotCroppedAreTheSameWithThem()
    {
        byte[][] expected = Images(budget: null, disk: null, cropSource: null, []);
        Assert.HasCount(Count, expected);
        foreach ((long? budget, TemporaryDisk? disk) in Places())
        {
            AssertSame(expected, Images(budget, disk, Larger, []));
            AssertSame(Images(budget, disk, cropSource: null, [new HorizontalFlip()]), Images(budget, disk, Larger, [new HorizontalFlip()]));
        }
    }

    [TestMethod]
    public void ACropHasThePixelsOfTheLargerCopy()
    {
        // A quarter of an image of twice the side is as large as what the network sees: nothing is resized.
        VitAugmentation quarter = new RandomResizedCrop(0.25, 0.25, 1, 1);
        byte[][] larger = Images(budget: null, disk: null, cropSource: null, [], Larger);
        foreach ((long? budget, TemporaryDisk? disk) in Places())
        {
            byte[][] crops = Images(budget, disk, Larger, [quarter]);
            for (int i = 0; i < Count; i++)
            {
                Assert.IsTrue(Windows(larger[i]).Any(window => window.AsSpan().SequenceEqual(crops[i])), $"image {i}, budget {budget}");
            }
            Assert.IsFalse(Images(budget, disk, cropSource: null, [quarter]).Where((crop, i) => Windows(larger[i]).Any(window => window.AsSpan().SequenceEqual(crop))).Any());
            byte[][] flipped = Images(budget, disk, Larger, [quarter, new HorizontalFlip(1)]);
            Assert.IsTrue(Windows(larger[0]).Any(window => Mirrored(window).AsSpan().SequenceEqual(flipped[0])));
        }
    }

    [TestMethod]
    public void TheyAreReadWhereCropsComeFirstAndMemoryHoldsThemAll()
    {
        IDataView images = s_ml.Transforms.LoadImages("Image", imageFolder: null, inputColumnName: "ImagePath").Fit(s_files).Transform(s_files);
        IDataView small = s_ml.Transforms.ResizeImages("Small", Seen, Seen, "Image").Fit(images).Transform(images);
        VitOptions options = TestImages.TinyOptions with { FeatureColumnName = "ImagePath", Epochs = 1 };
        Assert.IsTrue(ReadsThem(options, s_files));
        Assert.IsTrue(ReadsThem(options with { Augmentations = [s_crop, new HorizontalFlip()] }, s_ml.Data.FilterRowsByKeyColumnFraction(s_files, "Label")));
        Assert.IsTrue(ReadsThem(options with { FeatureColumnName = "Image" }, images));
        Assert.IsFalse(ReadsThem(options with { FeatureColumnName = "Small" }, small), "the type says that they have no more pixels");
        Assert.IsFalse(ReadsThem(options with { Augmentations = [new HorizontalFlip(), s_crop] }, s_files));
        Assert.IsFalse(ReadsThem(options with { Augmentations = [] }, s_files));
        Assert.IsFalse(ReadsThem(options with { PixelCacheBytes = 2 * (Count - 1) * 3 * ((Seen * Seen) + (Larger * Larger)) }, s_files));
        Assert.IsTrue(ReadsThem(options with { PixelCacheBytes = 2 * Count * 3 * ((Seen * Seen) + (Larger * Larger)) }, s_files));
    }

    [TestMethod]
    public void RowsAreCountedAsFarAsIsAsked()
    {
        LabeledRows known = Rows(cropSource: null), unknown = Rows(cropSource: null, s_ml.Data.FilterRowsByKeyColumnFraction(s_files, "Label"));
        Assert.IsNotNull(known.Data.GetRowCount());
        Assert.IsNull(unknown.Data.GetRowCount());
        foreach (LabeledRows rows in (LabeledRows[])[known, unknown])
        {
            CollectionAssert.AreEqual(new long[] { 1, Count, Count, Count }, (long[])[rows.Count(0), rows.Count(Count - 1), rows.Count(Count), rows.Count(1000)]);
        }
    }

    [TestMethod]
    public void ResumingWithoutThemNamesThePixels()
    {
        using var folder = new TemporaryFolder();
        VitOptions options = TestImages.TinyOptions with { FeatureColumnName = "ImagePath", Epochs = 1, CheckpointDirectory = folder.Path };
        s_ml.MulticlassClassification.Trainers.Vit(options).Fit(s_files).Dispose();
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => s_ml.MulticlassClassification.Trainers.Vit(options with { PixelCacheBytes = 0 }).Fit(s_files));
        StringAssert.Contains(e.Message, "Pixels that crops are cut out of (PixelCacheBytes) was 32x32 and is null");
    }

    /// <summary>In memory, in a file, and decoded again each time.</summary>
    private static (long? Budget, TemporaryDisk? Disk)[] Places() => [(null, null), (0, null), (0, PixelSetup.NoDisk)];

    /// <summary>Every image as one epoch gives it.</summary>
    private static byte[][] Images(long? budget, TemporaryDisk? disk, int? cropSource, VitAugmentation[] augmentations, int seen = Seen)
    {
        using IChannel channel = ((IHostEnvironment)s_ml).Register("test").Start("test");
        using var storage = new PixelStorage(channel, budget, disk);
        LabeledImages images = new LabeledImageReader(channel, storage, InvalidImageHandling.Throw, CancellationToken.None).Read(Rows(cropSource, seen: seen));
        Assert.AreEqual(disk is not null, images.Images.Window is not null);
        var subset = ImageSubset.All(images);
        byte[][] found = new byte[Count][];
        int next = 0;
        IEnumerable<Batch> batches = augmentations.Length == 0
            ? subset.InOrder(5, CancellationToken.None)
            : new TrainingBatches(new EpochOrder(subset), 5, augmentations, new RandomStreams(5), CancellationToken.None).Epoch(1, first: 0);
        int[] order = augmentations.Length == 0 ? subset.Indices : new EpochOrder(subset).Of(new RandomStreams(5).Order(1));
        foreach (Batch made in batches)
        {
            using Batch batch = made;
            foreach (byte[] image in batch.Pixels.bytes.ToArray().Chunk(3 * seen * seen))
            {
                found[order[next++]] = image;
            }
        }
        return found;
    }

    private static LabeledRows Rows(int? cropSource, IDataView? data = null, int seen = Seen)
    {
        TrainingColumns columns = TrainingColumns.Of(s_ml, s_files.Schema, "Label", "ImagePath");
        return columns.Rows(data ?? s_files, s_preprocessing with { Size = seen }, "training", cropSource);
    }

    /// <summary>All parts of a larger copy that are as large as what the network sees.</summary>
    private static IEnumerable<byte[]> Windows(byte[] larger) =>
        from top in Enumerable.Range(0, Larger - Seen + 1)
        from left in Enumerable.Range(0, Larger - Seen + 1)
        select Enumerable.Range(0, 3 * Seen).SelectMany(row => larger.Skip((((row / Seen * Larger) + top + (row % Seen)) * Larger) + left).Take(Seen)).ToArray();

    private static byte[] Mirrored(byte[] image) => [.. image.Chunk(Seen).SelectMany(row => row.Reverse())];

    private static void AssertSame(byte[][] expected, byte[][] actual)
    {
        for (int i = 0; i < Count; i++)
        {
            CollectionAssert.AreEqual(expected[i], actual[i], $"{i}");
        }
    }

    private static bool ReadsThem(VitOptions options, IDataView data)
    {
        var ml = new MLContext(1);
        var log = new ConcurrentQueue<string>();
        ml.Log += (_, e) => log.Enqueue(e.Message);
        ml.MulticlassClassification.Trainers.Vit(options).Fit(data).Dispose();
        string[] said = [.. log.Where(line => line.Contains("Random resized crops", StringComparison.Ordinal))];
        if (options.PixelCacheBytes is not null || said.Length > 0)
        {
            Assert.HasCount(1, said);
        }
        return said.Length > 0 && said[0].Contains($"are cut out of images of {Larger}x{Larger}.", StringComparison.Ordinal);
    }

    private static IDataView Keyed(MLContext ml, IDataView data) => ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
}
