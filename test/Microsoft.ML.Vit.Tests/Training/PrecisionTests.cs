using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class PrecisionTests
{
    public static IEnumerable<object[]> Networks() => TinyConfig.Switches().Where(c => c.Classes > 0).Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void BFloat16StaysNearFloat32AndGivesFloat32Gradients(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] parameters = [.. network.named_parameters()];
        Tensor images = randn([4, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
        Tensor labels = arange(4, ScalarType.Int64) % config.Classes;
        (Tensor Logits, Tensor Gradient) Run(ScalarType type)
        {
            network.ComputeType = type;
            Tensor logits = network.call(images);
            F.cross_entropy(logits, labels).backward();
            Assert.IsTrue(parameters.All(p => p.Value.grad!.dtype == ScalarType.Float32 && p.Value.dtype == ScalarType.Float32));
            Tensor gradient = cat([.. parameters.Select(p => p.Value.grad!.flatten())]);
            Gradients.Clear(parameters);
            return (logits, gradient);
        }
        var single = Run(ScalarType.Float32);
        var half = Run(ScalarType.BFloat16);
        Assert.AreEqual(ScalarType.Float32, half.Logits.dtype);
        // Eight bits of mantissa: a relative error of 2^-9 a rounding.
        Assert.IsLessThan(0.05, Distance(single.Logits, half.Logits));
        Assert.IsLessThan(0.05, Distance(single.Gradient, half.Gradient));
        Assert.IsGreaterThan(1e-5, Distance(single.Gradient, half.Gradient), "nothing was computed in bfloat16");
    }

    [TestMethod]
    [DataRow(VitPrecision.Float32, ScalarType.Float32)]
    [DataRow(VitPrecision.BFloat16, ScalarType.BFloat16)]
    public void WhatIsAskedForIsNotMeasured(VitPrecision asked, ScalarType type)
    {
        var told = new List<string>();
        Assert.AreEqual(type, PrecisionChoice.Choose(asked, TinyConfig.Value, CPU, told.Add));
        Assert.IsEmpty(told);
    }

    [TestMethod]
    public void AutoTellsWhatItMeasuredAndTakesTheFaster()
    {
        var told = new List<string>();
        ScalarType type = PrecisionChoice.Choose(VitPrecision.Auto, TinyConfig.Value, CPU, told.Add);
        string line = told.Single();
        System.Text.RegularExpressions.Match rates = System.Text.RegularExpressions.Regex.Match(line, @"at (\d+) GFLOP/s in float32, (\d+) in bfloat16; computes in (\w+)");
        Assert.IsTrue(rates.Success, line);
        Assert.AreEqual(type.ToString().ToLowerInvariant(), rates.Groups[3].Value);
    }

    private static double Distance(Tensor expected, Tensor actual) => ((expected - actual).norm() / expected.norm()).item<float>();
}
