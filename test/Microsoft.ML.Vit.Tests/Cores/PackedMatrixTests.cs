using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class PackedMatrixTests
{
    [TestInitialize]
    public void NeedsVectors() => VectorKernels.Require();

    [TestMethod]
    [DataRow(1, 1, 64)]
    [DataRow(5, 7, 64)]
    [DataRow(6, 192, 192)]
    [DataRow(13, 600, 128)] // deeper than what is multiplied at a time
    [DataRow(31, 1100, 64)]
    public void TheProductIsThatOfTheLinearLayer(int rows, int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor x = randn([rows, inputs], generator: generator), w = randn([outputs, inputs], generator: generator) / Math.Sqrt(inputs), b = randn([outputs], generator: generator), y = randn([rows, outputs], generator: generator);
        Tensor product = nn.functional.linear(x, w, b);
        Near(product, Multiply(x, w, b, null, y));
        Near(nn.functional.linear(x, w), Multiply(x, w, null, null, y));
        Near(product + y, Multiply(x, w, b, null, y, addsToY: true));
        Near(product.gelu(), Multiply(x, w, b, null, y, gelu: true));
        Tensor scale = rand([outputs], generator: generator);
        Near(product * scale + y, Multiply(x, w, b, scale, y, addsToY: true));
    }

    [TestMethod]
    public void WhatIsNotANumberStaysSo()
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(6, 8), w = ones(64, 8);
        x[2, 3] = float.NaN;
        Tensor y = Multiply(x, w, null, null, zeros(6, 64), gelu: true);
        Assert.IsTrue(y[2].isnan().all().item<bool>());
        Assert.IsFalse(y[1].isnan().any().item<bool>());
    }

    private static unsafe Tensor Multiply(Tensor x, Tensor w, Tensor? b, Tensor? scale, Tensor y, bool addsToY = false, bool gelu = false)
    {
        using var packed = new PackedMatrix(VectorKernels.Values(w), b is null ? default : VectorKernels.Values(b), scale is null ? default : VectorKernels.Values(scale), (int)w.size(1));
        using NativeFloats input = VectorKernels.Copy(x), output = VectorKernels.Copy(y);
        packed.Multiply(input.Pointer, (int)x.size(0), output.Pointer, addsToY, gelu);
        return VectorKernels.Tensor(output, y.shape);
    }

    private static void Near(Tensor expected, Tensor found) => Assert.IsLessThan(1e-5, found.LargestDifference(expected));
}
