using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class AveragedWeightsTests
{
    [TestMethod]
    public void AverageIsTheRecurrenceAndSwappingTwiceChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using var network = new VisionTransformer(TinyConfig.Value with { Stem = VitStem.Convolutions }, generator);
        using var average = new AveragedWeights(network, new ExponentialMovingAverage(0.75, Warmup: false));
        Dictionary<string, Tensor> expected = Copy(network);
        for (int step = 0; step < 5; step++)
        {
            using var noGrad = no_grad();
            foreach ((string name, Tensor value) in network.State().Where(s => s.Tensor.is_floating_point()))
            {
                value.add_(randn(value.shape, generator: generator));
                expected[name] = (0.75 * expected[name]) + (0.25 * value);
            }
            average.Update();
        }
        Dictionary<string, Tensor> current = Copy(network);
        Assert.IsTrue(current.Keys.Any(name => name.EndsWith("running_mean", StringComparison.Ordinal)), "statistics are averaged too");
        average.Swap();
        AssertEqual(expected, Copy(network), 1e-5);
        average.Swap();
        AssertEqual(current, Copy(network), 0);
    }

    [TestMethod]
    [DataRow(0L, 0.1)]
    [DataRow(90L, 0.91)]
    [DataRow(1_000_000L, 0.99)]
    public void WarmupRaisesTheDecayUpToItsValue(long step, double expected)
    {
        Assert.AreEqual(expected, new ExponentialMovingAverage(0.99).DecayAt(step), 1e-9);
        Assert.AreEqual(0.99, new ExponentialMovingAverage(0.99, Warmup: false).DecayAt(step));
    }

    [TestMethod]
    public void AveragedWeightsAreTheResultAndAreWhatIsValidated()
    {
        var ml = new MLContext(1);
        IDataView data = Conformance.EstimatorConformanceTests.Keyed(ml, 24);
        // An average that keeps all of itself stays at the start, whose accuracy is the first epoch's and the last's.
        VitOptions options = TestImages.TinyOptions with { ValidationSet = data, WeightAverage = new ExponentialMovingAverage(Math.BitDecrement(1.0), Warmup: false) };
        using VitTransformer still = ml.MulticlassClassification.Trainers.Vit(options).Fit(data);
        Assert.AreEqual(1, still.History.Select(epoch => epoch.ValidationLoss!.Value).Distinct().Count());
        Assert.AreNotEqual(still.History[0].TrainingLoss, still.History[^1].TrainingLoss);

        using VitTransformer moving = ml.MulticlassClassification.Trainers.Vit(options with { WeightAverage = new ExponentialMovingAverage(0.9) }).Fit(data);
        Assert.AreEqual(moving.History.Max(epoch => epoch.ValidationAccuracy!.Value), ml.MulticlassClassification.Evaluate(moving.Transform(data)).MicroAccuracy, 1e-9);
        Assert.IsLessThan(moving.History[0].ValidationLoss!.Value, moving.History[^1].ValidationLoss!.Value);
    }

    private static Dictionary<string, Tensor> Copy(VisionTransformer network) =>
        network.State().Where(s => s.Tensor.is_floating_point()).ToDictionary(s => s.Name, s => s.Tensor.detach().clone());

    private static void AssertEqual(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, double tolerance)
    {
        foreach ((string name, Tensor value) in expected)
        {
            Assert.IsLessThanOrEqualTo(tolerance, (value - actual[name]).abs().max().item<float>(), name);
        }
    }
}
