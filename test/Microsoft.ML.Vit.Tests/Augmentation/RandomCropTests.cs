namespace Microsoft.ML.Vit.Tests.Augmentation;

[TestClass]
public sealed class RandomCropTests
{
    [TestMethod]
    public void CropsAreCutFromTheMirroredBorder()
    {
        // One row 0 1 2 3, padded by 2: 2 1 | 0 1 2 3 | 2 1.
        byte[][] crops = [.. Enumerable.Range(0, 200).Select(seed => Crop(new RandomCrop(2), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3], new(3, 4), seed)[..4])];
        string[] expected = ["2101", "1012", "0123", "1232", "2321"];
        CollectionAssert.AreEquivalent(expected, crops.Select(crop => string.Concat(crop)).Distinct().ToArray());
    }

    [TestMethod]
    public void RowsAreShiftedLikeColumns()
    {
        byte[] image = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3];
        string[] columns = [.. Enumerable.Range(0, 200).Select(seed => Crop(new RandomCrop(2), image, new(4, 3), seed)).Select(crop => $"{crop[0]}{crop[3]}{crop[6]}{crop[9]}").Distinct()];
        CollectionAssert.AreEquivalent(new[] { "2101", "1012", "0123", "1232", "2321" }, columns);
    }

    [TestMethod]
    public void ThePaddingIsAnEighthOfTheSideByDefault()
    {
        byte[] image = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        int[] shifts = [.. Enumerable.Range(0, 300).Select(seed => Crop(new RandomCrop(), image, new(1, 32), seed)[16] - 16).Distinct().Order()];
        CollectionAssert.AreEqual(Enumerable.Range(-4, 9).ToArray(), shifts);
    }

    [TestMethod]
    public void PaddingThatCannotBeMirroredIsAProblem()
    {
        Assert.AreEqual(0, new RandomCrop(7).Problems(8).Count());
        StringAssert.Contains(new RandomCrop(8).Problems(8).Single(), "RandomCrop.Padding is 8; expected 0 to 7");
        StringAssert.Contains(new RandomCrop(-1).Problems(8).Single(), "RandomCrop.Padding is -1");
    }

    private static byte[] Crop(RandomCrop crop, byte[] image, PixelSize size, int seed)
    {
        byte[] target = new byte[image.Length];
        crop.Apply<byte>(image, target, 1, size, new Random(seed));
        return target;
    }
}
