using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit.Tests.Augmentation;

/// <summary>Against the space of torchvision's TrivialAugmentWide.</summary>
[TestClass]
public sealed class TrivialAugmentTests
{
    private static readonly Dictionary<string, double[]> _arguments = Draw(100_000);

    [TestMethod]
    public void FourteenOperationsAreAlike()
    {
        Assert.HasCount(14, _arguments);
        Assert.IsFalse(_arguments.ContainsKey("Invert") || _arguments.ContainsKey("SolarizeAdd"));
        Assert.IsTrue(_arguments.Values.All(arguments => Math.Abs(arguments.Length / 100_000.0 - 1.0 / 14) < 0.004));
    }

    [TestMethod]
    [DataRow("ShearX", -0.99, 0.99, 61)]
    [DataRow("ShearY", -0.99, 0.99, 61)]
    // 31 strengths of 32 / 30 pixels, cut to whole ones: 0 to 14 and 16 to 30 in ones, 16 and 32 met exactly.
    [DataRow("TranslateX", -32.0, 32.0, 61)]
    [DataRow("TranslateY", -32.0, 32.0, 61)]
    [DataRow("Rotate", -135.0, 135.0, 61)]
    [DataRow("Brightness", 0.01, 1.99, 61)]
    [DataRow("Color", 0.01, 1.99, 61)]
    [DataRow("Contrast", 0.01, 1.99, 61)]
    [DataRow("Sharpness", 0.01, 1.99, 61)]
    [DataRow("Posterize", 2.0, 8.0, 7)]
    [DataRow("Solarize", 0.0, 255.0, 31)]
    public void StrengthsAreEvenlySpaced(string operation, double least, double most, int different)
    {
        double[] arguments = [.. _arguments[operation].Select(argument => Math.Round(argument, 9) + 0.0)];
        Assert.AreEqual(least, arguments.Min());
        Assert.AreEqual(most, arguments.Max());
        Assert.AreEqual((least + most) / 2, arguments.Average(), (most - least) / 50);
        Assert.HasCount(different, arguments.Distinct().ToArray());
    }

    [TestMethod]
    public void SomeImagesStayAndWhatMovesInIsBlack()
    {
        byte[] image = Enumerable.Repeat((byte)255, 3 * 64).ToArray();
        byte[][] results = [.. Enumerable.Range(0, 200).Select(seed =>
        {
            byte[] target = new byte[image.Length];
            new TrivialAugment().Apply<byte>(image, target, 3, 8, new Random(seed));
            return target;
        })];
        Assert.IsTrue(results.Any(result => result.All(value => value == 255)));
        // Of white, only what moves in leaves two values.
        Assert.IsTrue(results.Where(result => result.Distinct().Count() > 1).All(result => result.All(value => value is 0 or 255)));
    }

    private static Dictionary<string, double[]> Draw(int draws)
    {
        var random = new Random(1);
        return Enumerable.Range(0, draws).Select(_ => TrivialAugment.Draw(random)).GroupBy(drawn => drawn.Operation).ToDictionary(
            group => group.Key.ToString(), group => group.Select(drawn => drawn.Argument).ToArray());
    }
}
