using Microsoft.ML.Vit.Interop;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Interop;

[TestClass]
public sealed class OneDnnProductsTests
{
    /// <summary>The way they are turned on would let oneDNN round to bfloat16 (errors of 1e-3) on another processor; never on one where we do it.</summary>
    [TestMethod]
    [DataRow(64, 64, 64)]
    [DataRow(394, 192, 768)]
    [DataRow(197, 768, 65)]
    public void ProductsAreFloat32InEveryDirection(int rows, int inner, int columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor x = randn([rows, inner], generator: generator), weight = randn([columns, inner], generator: generator), bias = randn([columns], generator: generator);
        AssertFloat32(F.linear(x, weight, bias), F.linear(x.to(float64), weight.to(float64), bias.to(float64)));
        AssertFloat32(x.t().mm(F.linear(x, weight)), x.to(float64).t().mm(F.linear(x, weight).to(float64)));
        Tensor batch = x.expand(3, rows, inner);
        AssertFloat32(batch.bmm(batch.mT), batch.to(float64).bmm(batch.to(float64).mT));
    }

    [TestMethod]
    public void TheyPayNowhereThatMultipliesBFloat16InTiles()
    {
        bool hasTiles = OperatingSystem.IsLinux() && File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Contains(" amx_", StringComparison.Ordinal));
        Assert.IsFalse(OneDnnProducts.Pays && hasTiles);
    }

    private static void AssertFloat32(Tensor actual, Tensor expected) =>
        Assert.IsLessThan(1e-5, (actual - expected).abs().max().item<double>() / expected.abs().max().item<double>());
}
