using Microsoft.ML.Vit.Pretraining;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Pretraining;

[TestClass]
public sealed class PatchOrderTests
{
    [TestMethod]
    [DataRow(64, 0.75, 16)]
    [DataRow(49, 0.75, 12)]
    [DataRow(196, 0.75, 49)]
    [DataRow(10, 0.4, 6)]
    [DataRow(4, 0.99, 1)]
    [DataRow(4, 0.01, 3)]
    [DataRow(2, 0.75, 1)]
    public void RatioDecidesHowManyAreSeenAtLeastOneAndNotAll(int patches, double ratio, int visible)
    {
        Assert.AreEqual(visible, PatchOrder.Visible(patches, ratio));
    }

    [TestMethod]
    public void EveryImageHasItsOwnOrderOfAllPatches()
    {
        using var scope = NewDisposeScope();
        long[] order = PatchOrder.Draw(3, 12, new Random(1)).data<long>().ToArray();
        long[][] images = [.. order.Chunk(12)];
        foreach (long[] image in images)
        {
            CollectionAssert.AreEquivalent(Enumerable.Range(0, 12).Select(i => (long)i).ToArray(), image);
        }
        CollectionAssert.AreNotEqual(images[0], images[1]);
    }

    [TestMethod]
    public void SeedDecidesTheOrder()
    {
        using var scope = NewDisposeScope();
        long[] Draw(int seed) => PatchOrder.Draw(2, 12, new Random(seed)).data<long>().ToArray();
        CollectionAssert.AreEqual(Draw(1), Draw(1));
        CollectionAssert.AreNotEqual(Draw(1), Draw(2));
    }
}
