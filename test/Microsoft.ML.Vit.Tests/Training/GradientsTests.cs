using Microsoft.ML.Vit.Training;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class GradientsTests
{
    [TestMethod]
    public void LargeGradientsAreScaledToTheNormAndTheNormBeforeIsReturned()
    {
        using var parameters = TestParameters.Random(17, ("a", [20, 30]), ("b", [7]));
        double[][] gradients = parameters.NextGradients(scale: 5);
        double expected = Math.Sqrt(gradients.SelectMany(g => g).Sum(v => v * v));
        using torch.Tensor norm = Gradients.ClipNorm(parameters.Named, 1);
        Assert.AreEqual(expected, norm.item<float>(), expected * 1e-6);
        AssertGradients(parameters, gradients, 1 / (expected + 1e-6));
    }

    [TestMethod]
    [DataRow(1000)]
    [DataRow(double.PositiveInfinity)]
    public void SmallGradientsStayAsTheyAre(double maxNorm)
    {
        using var parameters = TestParameters.Random(19, ("a", [4, 3]), ("b", [7]));
        double[][] gradients = parameters.NextGradients();
        using torch.Tensor norm = Gradients.ClipNorm(parameters.Named, maxNorm);
        AssertGradients(parameters, gradients, 1);
    }

    [TestMethod]
    public void ClearingRemovesThemAll()
    {
        using var parameters = TestParameters.Random(19, ("a", [4, 3]), ("b", [7]));
        parameters.NextGradients();
        Gradients.Clear(parameters.Named);
        Assert.IsTrue(parameters.Named.All(p => p.Value.grad is null));
    }

    private static void AssertGradients(TestParameters parameters, double[][] expected, double factor)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            using torch.Tensor gradient = parameters.Named[i].Value.grad!;
            float[] actual = gradient.data<float>().ToArray();
            for (int k = 0; k < actual.Length; k++)
            {
                Assert.AreEqual(expected[i][k] * factor, actual[k], 1e-6, $"{parameters.Named[i].Name}[{k}]");
            }
        }
    }
}
