using System.Runtime.Intrinsics;
using Microsoft.ML.Vit.Cores;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class VectorMathTests
{
    [TestInitialize]
    public void NeedsVectors() => VectorKernels.Require();

    [TestMethod]
    public void PowersOfTwoAreRightToTheLastBits()
    {
        for (float x = -125; x < 120; x += 0.0371f)
        {
            Assert.AreEqual(1, VectorMath.Exp2(Vector512.Create(x))[5] / Math.Pow(2, x), 2e-7, $"2^{x}");
        }
        Assert.AreEqual(1, VectorMath.Exp2(Vector512<float>.Zero)[0]);
        Assert.AreEqual(0, VectorMath.Exp2(Vector512.Create(-1e30f))[0]);
    }

    [TestMethod]
    public void TheErrorFunctionIsRightToTheLastBits()
    {
        using var scope = NewDisposeScope();
        double[] points = [.. Enumerable.Range(-1200, 2401).Select(i => (double)(float)(i / 200.0))];
        double[] expected = tensor(points).erf().data<double>().ToArray();
        for (int i = 0; i < points.Length; i++)
        {
            Assert.AreEqual(expected[i], VectorMath.Erf(Vector512.Create((float)points[i]))[7], 4e-7, $"erf({points[i]})");
        }
    }

    [TestMethod]
    public void GeluAndItsDerivativeAreRightToTheLastBits()
    {
        using var scope = NewDisposeScope();
        double[] points = [.. Enumerable.Range(-1200, 2401).Select(i => (double)(float)(i / 100.0))];
        double[] distribution = ((tensor(points) / Math.Sqrt(2)).erf() * 0.5 + 0.5).data<double>().ToArray();
        for (int i = 0; i < points.Length; i++)
        {
            double x = points[i], density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
            (Vector512<float> value, Vector512<float> slope) = VectorMath.GeluAndSlope(Vector512.Create((float)x));
            Assert.AreEqual(x * distribution[i], value[3], 4e-7 * Math.Max(1, Math.Abs(x)), $"gelu({x})");
            Assert.AreEqual(distribution[i] + (x * density), slope[11], 4e-7, $"gelu'({x})");
        }
    }
}
