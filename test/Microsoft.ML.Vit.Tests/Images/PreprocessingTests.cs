namespace Microsoft.ML.Vit.Tests.Images;

[TestClass]
public sealed class PreprocessingTests
{
    [TestMethod]
    public void TheDefaultsAreSound() => Assert.AreEqual(0, new Preprocessing().Problems().Count());

    [TestMethod]
    public void EveryProblemIsReported()
    {
        var broken = new Preprocessing
        {
            Size = new(0, 5000), ResizeTo = new(5, 0), Channels = 3, Interpolation = (Interpolation)9, RescaleFactor = double.NaN, Mean = [0.5, 0.5], Std = [1, 0, 1],
        };
        string all = string.Join("\n", broken.Problems());
        foreach (string part in new[] { "Size is 0x5000", "ResizeTo is 5x0", "Interpolation is 9", "RescaleFactor is NaN", "Mean has 2 values; expected 1 or one for each of 3", "Std is [1, 0, 1]; expected finite values above 0" })
        {
            StringAssert.Contains(all, part);
        }
    }

    [TestMethod]
    public void AnInputOfAbsurdSizeIsAProblem() =>
        StringAssert.Contains(new Preprocessing { Size = 4096, Channels = 1000 }.Problems().Single(), "1000 channels x 4096x4096");
}
