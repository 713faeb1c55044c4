using Microsoft.ML.Vit.Batching;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Batching;

[TestClass]
public class TrainingBatchesTests
{
    private static readonly VitAugmentation[] s_augmentations = [new RandomCrop(), new HorizontalFlip()];

    private static readonly VitAugmentation[] s_heavy =
        [new RandomResizedCrop(), new HorizontalFlip(), new RandAugment(Probability: 1), new TrivialAugment(), new ColorJitter(Hue: 0.1), new RandomErasing(1)];

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void BatchesAreTheSameWhateverTheThreadsAndWhereverTheImagesLie(bool isHeavy)
    {
        string[]? expected = null;
        foreach (PixelSetup setup in PixelSetup.Places().Take(2))
        {
            using (setup)
            {
                LabeledImages images = setup.Read(50);
                foreach (int threads in (int[])[1, 4])
                {
                    string[] found = Collect(Batches(images, isHeavy ? s_heavy : s_augmentations, threads).Epoch(2, first: 0));
                    CollectionAssert.AreEqual(expected ??= found, found);
                }
            }
        }
        Assert.HasCount(7, expected!);
    }

    [TestMethod]
    public void AnEpochBegunInTheMiddleGivesTheRestOfIt()
    {
        foreach (PixelSetup setup in PixelSetup.Places())
        {
            using (setup)
            {
                TrainingBatches batches = Batches(setup.Read(50), s_augmentations);
                string[] whole = Collect(batches.Epoch(1, first: 0));
                CollectionAssert.AreEqual(whole[3..], Collect(batches.Epoch(1, first: 3)));
                Assert.IsEmpty(batches.Epoch(1, first: 7));
                CollectionAssert.AreNotEqual(whole, Collect(batches.Epoch(2, first: 0)));
            }
        }
    }

    [TestMethod]
    public void AStreamShuffledInAPoolGivesEveryImageOnceWithItsOwnLabel()
    {
        using var setup = new PixelSetup(0, PixelSetup.NoDisk);
        LabeledImages images = setup.Read(600);
        var seen = new List<string>();
        foreach (Batch made in Batches(images, []).Epoch(1, first: 0))
        {
            using Batch batch = made;
            byte[] pixels = batch.Pixels.bytes.ToArray();
            long[] labels = batch.Labels.data<long>().ToArray();
            seen.AddRange(labels.Select((label, i) => $"{label} {Convert.ToHexString(pixels.AsSpan(i * PixelSetup.ImageBytes, PixelSetup.ImageBytes))}"));
        }
        string[] expected = [.. PixelSetup.Pixels(images, [.. Enumerable.Range(0, 600)]).Select((image, i) => $"{images.Labels[i]} {Convert.ToHexString(image)}")];
        CollectionAssert.AreNotEqual(expected, seen);
        CollectionAssert.AreEquivalent(expected, seen);
    }

    [TestMethod]
    public void RowsShuffledByASeedComeTheSameEachTime()
    {
        using var setup = new PixelSetup(0, PixelSetup.NoDisk);
        IDataView rows = setup.ML.Data.ShuffleRows(setup.ML.Data.LoadFromEnumerable(TestImages.Pixels(600).OrderBy(row => row.Label)), seed: 7);
        LabeledImages images = setup.Read(setup.ML.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows));
        Assert.HasCount(3, images.Labels.Take(20).Distinct());
        TrainingBatches batches = Batches(images, []);
        CollectionAssert.AreEqual(Collect(batches.Epoch(1, first: 0)), Collect(batches.Epoch(1, first: 0)));
    }

    [TestMethod]
    public void AnExceptionComesInItsPlaceAsItIs()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(50);
        var failing = new WatchedAugmentation { At = call => { if (call == 20) { throw new NotSupportedException("the 21st"); } } };
        int taken = 0;
        NotSupportedException e = Assert.ThrowsExactly<NotSupportedException>(() =>
        {
            foreach (Batch batch in Batches(images, [failing]).Epoch(1, first: 0))
            {
                batch.Dispose();
                taken++;
            }
        });
        Assert.AreEqual("the 21st", e.Message);
        Assert.AreEqual(2, taken);
    }

    [TestMethod]
    public void LeavingEarlyEndsTheWorkAndFreesTheBatchesMadeAhead()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(400);
        var watched = new WatchedAugmentation();
        Assert.AreEqual(0, Leaks.TensorsLeft(() =>
        {
            foreach (Batch batch in Batches(images, [watched], threads: 2).Epoch(1, first: 0))
            {
                batch.Dispose();
                break;
            }
        }));
        int calls = watched.Calls;
        Assert.IsLessThan(100, calls);
        Thread.Sleep(20);
        Assert.AreEqual(calls, watched.Calls);
    }

    [TestMethod]
    public void FailingLeavesNoTensors()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(50);
        Assert.AreEqual(0, Leaks.TensorsLeft(() => Assert.ThrowsExactly<NotSupportedException>(() =>
            Collect(Batches(images, [new WatchedAugmentation { At = call => { if (call == 20) { throw new NotSupportedException(); } } }], threads: 3).Epoch(1, first: 0)))));
    }

    [TestMethod]
    public void CancellingWakesACallerWhoWaits()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(50);
        using var cancellation = new CancellationTokenSource();
        using var cancelled = new ManualResetEventSlim();
        using CancellationTokenRegistration _ = cancellation.Token.Register(cancelled.Set);
        // The batch is never done until the caller has been told.
        var stuck = new WatchedAugmentation { At = call => { if (call == 0) { cancellation.CancelAfter(1); } cancelled.Wait(); } };
        Assert.ThrowsExactly<OperationCanceledException>(() => Collect(Batches(images, [stuck], token: cancellation.Token).Epoch(1, first: 0)));
    }

    [TestMethod]
    public void WaitingIsCounted()
    {
        using var setup = new PixelSetup(1000);
        TrainingBatches batches = Batches(setup.Read(50), [new WatchedAugmentation { At = _ => Thread.Sleep(1) }]);
        Assert.AreEqual(TimeSpan.Zero, batches.Waited);
        Collect(batches.Epoch(1, first: 0));
        Assert.IsGreaterThan(0, batches.Waited.TotalMilliseconds);
    }

    [TestMethod]
    public void RowsThatAreOthersTheSecondTimeAreRefused()
    {
        using var setup = new PixelSetup(0, PixelSetup.NoDisk);
        int reading = 0;
        IDataView Rows() => setup.ML.Data.LoadFromEnumerable(TestImages.Pixels(reading++ == 0 ? 12 : 9));
        IDataView first = setup.ML.Data.LoadFromEnumerable(TestImages.Pixels(12));
        ITransformer keys = setup.ML.Transforms.Conversion.MapValueToKey("Label").Fit(first);
        LabeledImages images = setup.Read(keys.Transform(new RereadRows(first, Rows)));
        InvalidOperationException e = Assert.ThrowsExactly<InvalidOperationException>(() => Collect(Batches(images, []).Epoch(1, first: 0)));
        StringAssert.Contains(e.Message, "gave fewer rows when it was read again");
    }

    private static TrainingBatches Batches(LabeledImages images, VitAugmentation[] augmentations, int threads = 1, CancellationToken token = default) =>
        new(new EpochOrder(ImageSubset.All(images)), batchSize: 8, augmentations, new RandomStreams(5), token) { Threads = threads };

    /// <summary>Pixels, labels and place of each batch.</summary>
    private static string[] Collect(IEnumerable<Batch> batches)
    {
        var all = new List<string>();
        foreach (Batch made in batches)
        {
            using Batch batch = made;
            all.Add($"{batch.Index} {string.Join(' ', batch.Labels.data<long>().ToArray())} {Convert.ToHexString(batch.Pixels.bytes)}");
        }
        return [.. all];
    }
}
