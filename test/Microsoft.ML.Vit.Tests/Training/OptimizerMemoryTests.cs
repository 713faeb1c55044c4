using Microsoft.ML.Vit.Training;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class OptimizerMemoryTests
{
    [TestMethod]
    [DynamicData(nameof(Optimizers))]
    public void LiveTensorsStayFlatOver200StepsAndEndWhereTheyBegan(VitOptimizer options)
    {
        using var parameters = TestParameters.Random(
            23, ("blocks.0.attn.qkv.weight", [24, 8]), ("blocks.0.attn.proj.weight", [8, 8]), ("blocks.0.norm1.weight", [8]), ("head.weight", [3, 8]));
        Assert.AreEqual(0, Leaks.TensorsLeft(() =>
        {
            using IOptimizer optimizer = options.Build(parameters.Named);
            long afterFirst = 0;
            for (int step = 0; step < 200; step++)
            {
                parameters.NextGradients();
                Gradients.ClipNorm(parameters.Named, 1).Dispose();
                optimizer.Step(0.5);
                Gradients.Clear(parameters.Named);
                afterFirst = step == 0 ? torch.Tensor.TotalCount : afterFirst;
            }
            Assert.AreEqual(afterFirst, torch.Tensor.TotalCount);
        }));
    }

    [TestMethod]
    [DynamicData(nameof(Optimizers))]
    public void StateOutlivesTheScopeItWasMadeIn(VitOptimizer options)
    {
        using var parameters = TestParameters.Random(29, ("blocks.0.attn.proj.weight", [8, 8]), ("head.weight", [3, 8]));
        IOptimizer optimizer;
        using (torch.NewDisposeScope())
        {
            optimizer = options.Build(parameters.Named);
        }
        using (optimizer)
        {
            parameters.NextGradients();
            optimizer.Step(1);
            optimizer.Step(1);
        }
    }

    private static IEnumerable<object[]> Optimizers() => [[new AdamWOptimizer()], [new SgdOptimizer()], [new MuonOptimizer()]];
}
