using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Tests.Batching;

[TestClass]
public class ShuffleWindowTests
{
    [TestMethod]
    public void EveryDrawComesAndTheSameSeedGivesTheSameOrder()
    {
        int[] draws = [.. Enumerable.Range(0, 200), .. Enumerable.Range(50, 20), .. Enumerable.Repeat(7, 30)];
        int[] order = ShuffleWindow.Shuffle([.. draws], 16, new Random(1));
        CollectionAssert.AreEqual(draws.Order().ToArray(), order.Order().ToArray());
        CollectionAssert.AreEqual(order, ShuffleWindow.Shuffle([.. draws], 16, new Random(1)));
        CollectionAssert.AreNotEqual(order, ShuffleWindow.Shuffle([.. draws], 16, new Random(2)));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(16)]
    [DataRow(1000)]
    public void NoMoreImagesWaitThanTheWindowHolds(int window)
    {
        int[] draws = [.. Enumerable.Range(0, 300), .. Enumerable.Range(100, 100), .. Enumerable.Repeat(299, 50)];
        int[] order = ShuffleWindow.Shuffle(draws, window, new Random(3));
        Dictionary<int, int> last = order.Index().ToDictionary(pair => -pair.Index, pair => pair.Item).GroupBy(pair => pair.Value).ToDictionary(group => group.Key, group => -group.Min(pair => pair.Key));
        int read = -1;
        int most = 0;
        for (int place = 0; place < order.Length; place++)
        {
            read = Math.Max(read, order[place]);
            most = Math.Max(most, last.Count(pair => pair.Key <= read && pair.Value >= place));
        }
        Assert.IsLessThanOrEqualTo(window, most);
        Assert.IsGreaterThanOrEqualTo(Math.Min(window, 250), most);
    }

    [TestMethod]
    public void AWindowOverEverythingMixesAllWithAll()
    {
        // The mean place of the first hundred images of a thousand, over 20 orders: 499.5, give or take 9 by chance.
        double mean = Enumerable.Range(0, 20).Average(seed => ShuffleWindow.Shuffle([.. Enumerable.Range(0, 1000)], 1000, new Random(seed)).Index().Where(pair => pair.Item < 100).Average(pair => pair.Index));
        Assert.AreEqual(499.5, mean, 30);
    }
}
