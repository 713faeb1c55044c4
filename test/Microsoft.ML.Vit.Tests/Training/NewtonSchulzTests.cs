using Microsoft.ML.Vit.Training;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class NewtonSchulzTests
{
    [TestMethod]
    [DataRow(48L, 16L)]
    [DataRow(16L, 48L)]
    [DataRow(192L, 64L)]
    [DataRow(128L, 320L)]
    public void SingularValuesEndNearOneAndDirectionsStay(long rows, long columns)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(1);
        torch.Tensor matrices = torch.randn([3, rows, columns], generator: generator);
        torch.Tensor result = NewtonSchulz.Orthogonalize(matrices);
        var (u, _, vh) = torch.linalg.svd(matrices, fullMatrices: false);
        // In the basis of the matrix's own singular vectors the result is diagonal.
        torch.Tensor core = u.mT.bmm(result).bmm(vh.mT);
        torch.Tensor values = core.diagonal(0, 1, 2);
        Assert.IsGreaterThan(0.6f, values.min().item<float>());
        Assert.IsLessThan(1.3f, values.max().item<float>());
        Assert.IsLessThan(1e-4f, (core - torch.diag_embed(values)).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(64L, 64L)]
    [DataRow(128L, 64L)]
    [DataRow(64L, 192L)]
    public void CoresGiveWhatLibtorchGives(long rows, long columns)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(4);
        torch.Tensor matrices = torch.randn([3, rows, columns], generator: generator);
        torch.Tensor x = matrices / torch.linalg.matrix_norm(matrices, dims: [-2, -1], keepdim: true);
        bool isTall = rows > columns;
        torch.Tensor expected = ScriptedKernels.NewtonSchulz(isTall ? x.mT : x, 3.4445, -4.775, 2.0315, steps: 5);
        Assert.IsLessThan(1e-5f, (NewtonSchulz.Orthogonalize(matrices) - (isTall ? expected.mT : expected)).abs().max().item<float>());
    }

    [TestMethod]
    public void ScaleDoesNotMatter()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(2);
        torch.Tensor matrices = torch.randn([2, 8, 8], generator: generator);
        torch.Tensor difference = NewtonSchulz.Orthogonalize(matrices) - NewtonSchulz.Orthogonalize(matrices * 1e-4);
        Assert.IsLessThan(1e-4f, difference.abs().max().item<float>());
    }

    [TestMethod]
    public void ARankDeficientMatrixStaysFinite()
    {
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(3);
        torch.Tensor matrix = torch.randn([1, 64, 1], generator: generator).bmm(torch.randn([1, 1, 96], generator: generator));
        torch.Tensor norm = NewtonSchulz.Orthogonalize(matrix).norm();
        Assert.AreEqual(0.9, norm.item<float>(), 0.3, "One singular value, near one.");
    }
}
