using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Tests.Batching;

[TestClass]
public class EpochOrderTests
{
    [TestMethod]
    public void AnEpochShowsEveryImageOnceInAnotherOrder()
    {
        using var setup = new PixelSetup(1000);
        var order = new EpochOrder(ImageSubset.All(setup.Read(40)));
        int[] first = order.Of(new Random(1));
        CollectionAssert.AreEqual(first, order.Of(new Random(1)));
        CollectionAssert.AreNotEqual(first, order.Of(new Random(2)));
        CollectionAssert.AreEqual(Enumerable.Range(0, 40).ToArray(), first.Order().ToArray());
    }

    [TestMethod]
    public void RepeatedAugmentationShowsAThirdOfTheImagesThreeTimesInARow()
    {
        foreach (PixelSetup setup in PixelSetup.Places())
        {
            using (setup)
            {
                int[] order = new EpochOrder(ImageSubset.All(setup.Read(40)), repeats: 3).Of(new Random(1));
                Assert.HasCount(40, order);
                Assert.IsTrue(order.Select((image, place) => image == order[place / 3 * 3]).All(same => same));
                Assert.HasCount(14, order.Distinct());
            }
        }
    }

    [TestMethod]
    public void OtherEpochsRepeatOtherImages()
    {
        using var setup = new PixelSetup(1000);
        var order = new EpochOrder(ImageSubset.All(setup.Read(40)), repeats: 3);
        Assert.HasCount(40, Enumerable.Range(0, 30).SelectMany(epoch => order.Of(new Random(epoch))).Distinct());
    }

    [TestMethod]
    public void BalancedClassesAreShownEquallyOftenAndRareImagesAgain()
    {
        foreach (PixelSetup setup in PixelSetup.Places())
        {
            using (setup)
            {
                LabeledImages images = setup.Read(90);
                // 30 of the first class, 10 of the second, 2 of the third.
                int[] kept = [.. Enumerable.Range(0, 90).Where(i => i % 3 == 0 || (i % 3 == 1 && i < 30) || (i % 3 == 2 && i < 6))];
                int[] order = new EpochOrder(new ImageSubset(images, kept), balanced: true).Of(new Random(1));
                Assert.HasCount(kept.Length, order);
                CollectionAssert.AreEqual(new[] { 14, 14, 14 }, order.CountBy(i => images.Labels[i]).OrderBy(p => p.Key).Select(p => p.Value).ToArray());
                // 14 different of the first; 10 of the second, four of them twice; both of the third seven times.
                CollectionAssert.AreEquivalent(new[] { 14, 6, 4, 2 }, order.CountBy(i => i).CountBy(p => (images.Labels[p.Key], p.Value)).Select(p => p.Value).ToArray());
                Assert.IsTrue(order.CountBy(i => i).Where(p => images.Labels[p.Key] == 2).All(p => p.Value == 7));
                CollectionAssert.AreEqual(order, new EpochOrder(new ImageSubset(images, kept), balanced: true).Of(new Random(1)));
            }
        }
    }

    [TestMethod]
    public void ClassesThatCannotShareEquallyDifferByOne()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(40);
        int[] order = new EpochOrder(ImageSubset.All(images), balanced: true).Of(new Random(1));
        CollectionAssert.AreEquivalent(new[] { 13, 13, 14 }, order.CountBy(i => images.Labels[i]).Select(p => p.Value).ToArray());
    }

    [TestMethod]
    public void BalancedImagesMayBeRepeatedInARowToo()
    {
        using var setup = new PixelSetup(1000);
        LabeledImages images = setup.Read(36);
        int[] order = new EpochOrder(ImageSubset.All(images), repeats: 2, balanced: true).Of(new Random(1));
        Assert.IsTrue(order.Chunk(2).All(pair => pair[0] == pair[1]));
        Assert.IsTrue(order.CountBy(i => images.Labels[i]).All(p => p.Value == 12));
    }

    [TestMethod]
    public void BatchesDifferByOneImageAtMost()
    {
        IReadOnlyList<ArraySegment<int>> batches = EpochOrder.Divide([.. Enumerable.Range(0, 41)], 16);
        CollectionAssert.AreEqual(new[] { 13, 14, 14 }, batches.Select(batch => batch.Count).ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, 41).ToArray(), batches.SelectMany(batch => batch).ToArray());
        Assert.HasCount(EpochOrder.Batches(41, 16), batches);
    }
}
