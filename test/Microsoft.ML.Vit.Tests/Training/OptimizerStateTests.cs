using Microsoft.ML.Vit.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>What an optimizer's state is good for: another of its kind goes on from it as the first would have.</summary>
[TestClass]
public sealed class OptimizerStateTests
{
    private static readonly (string Name, long[] Shape)[] s_shapes =
        [("blocks.0.attn.qkv.weight", [24, 8]), ("blocks.1.attn.qkv.weight", [24, 8]), ("blocks.0.attn.proj.weight", [8, 8]), ("blocks.0.norm1.weight", [8]), ("head.weight", [3, 8])];

    [TestMethod]
    [DynamicData(nameof(Optimizers))]
    public void AnotherOptimizerGoesOnFromTheStateBitForBit(VitOptimizer options)
    {
        using var whole = TestParameters.Random(seed: 5, s_shapes);
        using var first = TestParameters.Random(seed: 5, s_shapes);
        using IOptimizer uninterrupted = options.Build(whole.Named), interrupted = options.Build(first.Named);
        for (int step = 0; step < 3; step++)
        {
            Step(uninterrupted, whole);
            Step(interrupted, first);
        }
        using IOptimizer resumed = options.Build(first.Named);
        using (NewDisposeScope())
        {
            resumed.Steps = interrupted.Steps;
            Dictionary<string, Tensor> kept = interrupted.State().ToDictionary(s => s.Name, s => s.Value);
            foreach ((string name, Tensor value) in resumed.State())
            {
                value.copy_(kept[name]);
            }
        }
        for (int step = 0; step < 3; step++)
        {
            Step(uninterrupted, whole);
            Step(resumed, first);
        }
        foreach (((string name, var expected), (_, var found)) in whole.Named.Zip(first.Named))
        {
            CollectionAssert.AreEqual(expected.data<float>().ToArray(), found.data<float>().ToArray(), name);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Optimizers))]
    public void EveryTensorOfTheStateIsNamedAfterItsParameterAndHasItsShape(VitOptimizer options)
    {
        using var parameters = TestParameters.Random(seed: 5, s_shapes);
        using IOptimizer optimizer = options.Build(parameters.Named);
        using var scope = NewDisposeScope();
        (string Name, Tensor Value)[] state = [.. optimizer.State()];
        Assert.AreEqual(state.Length, state.Select(s => s.Name).Distinct().Count());
        foreach ((string name, Tensor value) in state)
        {
            (_, long[] shape) = s_shapes.Single(parameter => name.EndsWith("." + parameter.Name, StringComparison.Ordinal));
            CollectionAssert.AreEqual(shape, value.shape, name);
        }
    }

    private static void Step(IOptimizer optimizer, TestParameters parameters)
    {
        parameters.NextGradients();
        optimizer.Step(0.7);
        Gradients.Clear(parameters.Named);
    }

    private static IEnumerable<object[]> Optimizers() =>
        [[new AdamWOptimizer()], [new AdamWOptimizer { LayerDecay = 0.7 }], [new SgdOptimizer { Nesterov = true }], [new SgdOptimizer { Momentum = 0 }], [new MuonOptimizer { LayerDecay = 0.7 }]];
}
