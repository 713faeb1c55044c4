using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Model;

[TestClass]
public sealed class DropoutTests
{
    [TestMethod]
    public void DropoutZeroesItsShareAndKeepsTheMean()
    {
        using var scope = NewDisposeScope();
        Tensor dropped = new Dropout(0.3, Source(3)).Apply(ones(100_000), training: true);
        Assert.AreEqual(0.3, dropped.eq(0).mean([0], type: float32).item<float>(), 0.01);
        Assert.AreEqual(1, dropped.mean().item<float>(), 0.01);
    }

    [TestMethod]
    public void DropPathLeavesOutWholeImages()
    {
        using var scope = NewDisposeScope();
        Tensor dropped = new DropPath(0.25, Source(3)).Apply(ones(10_000, 2, 3), training: true);
        Tensor first = dropped.select(1, 0).select(1, 0); // (B)
        Assert.IsTrue(dropped.eq(first.view(-1, 1, 1)).all().item<bool>());
        Assert.AreEqual(0.25, first.eq(0).mean([0], type: float32).item<float>(), 0.02);
        Assert.AreEqual(1 / 0.75, first.max().item<float>(), 1e-6);
    }

    [TestMethod]
    public void DropPathRisesLinearlyOverDepth()
    {
        VitConfig config = TinyConfig.Value with { Depth = 5, DropPath = 0.4 };
        double[] rates = [.. Enumerable.Range(0, 5).Select(config.DropPathOf)];
        double[] expected = [0, 0.1, 0.2, 0.3, 0.4];
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual(expected[i], rates[i], 1e-12);
        }
    }

    [TestMethod]
    public void ZeroRatesAndScoringReturnTheSameTensor()
    {
        using Tensor x = ones(2, 3, 4);
        Assert.AreSame(x, new Dropout(0, Source(1)).Apply(x, training: true));
        Assert.AreSame(x, new Dropout(0.5, Source(1)).Apply(x, training: false));
        Assert.AreSame(x, new DropPath(0, Source(1)).Apply(x, training: true));
        Assert.AreSame(x, new DropPath(0.5, Source(1)).Apply(x, training: false));
    }

    private static DropoutSource Source(ulong seed) => new() { Generator = new Generator(seed) };
}
