using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class AttentionKernelTests
{
    [TestInitialize]
    public void NeedsVectors() => VectorKernels.Require();

    [TestMethod]
    [DataRow(1, 16, 1)]
    [DataRow(5, 32, 1)]
    [DataRow(16, 64, 1)]
    [DataRow(65, 32, 1)]
    [DataRow(197, 64, 1)]
    [DataRow(70, 80, 1)]
    [DataRow(50, 64, 100)] // all weight on one key, and powers beyond what float holds
    public void ItIsSoftmaxOfScaledProductsTimesValues(int tokens, int headSize, int size)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor qkv = randn([tokens, 3 * headSize], generator: generator) * size;
        Tensor[] parts = qkv.chunk(3, 1);
        Tensor expected = (parts[0].matmul(parts[1].t()) / Math.Sqrt(headSize)).softmax(1).matmul(parts[2]);
        Assert.IsLessThan(1e-5 * size, Attend(qkv, tokens, headSize).LargestDifference(expected));
    }

    [TestMethod]
    public void WhatIsNotANumberStaysSo()
    {
        using var scope = NewDisposeScope();
        Tensor qkv = ones(20, 3 * 16);
        qkv[3, 0] = float.NaN; // a query
        Tensor output = Attend(qkv, 20, 16);
        Assert.IsTrue(output[3].isnan().all().item<bool>());
        Assert.IsFalse(output[2].isnan().any().item<bool>());
    }

    private static unsafe Tensor Attend(Tensor qkv, int tokens, int headSize)
    {
        using NativeFloats memory = VectorKernels.Copy(qkv), output = new((tokens + MatrixKernel.Rows) * headSize);
        using var kernel = new AttentionKernel(tokens, headSize);
        kernel.Take(memory.Pointer + headSize, memory.Pointer + (2 * headSize), 3 * headSize);
        kernel.Attend(memory.Pointer, 3 * headSize, tokens, output.Pointer, headSize);
        return VectorKernels.Tensor(output, tokens, headSize);
    }
}
