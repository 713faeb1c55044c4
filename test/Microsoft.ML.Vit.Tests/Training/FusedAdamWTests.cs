using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class FusedAdamWTests
{
    [TestMethod]
    public void FollowsThePaperInDoublePrecision()
    {
        var options = new AdamWOptimizer { LearningRate = 0.02, WeightDecay = 0.1, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-6 };
        using var parameters = TestParameters.Random(3, ("head.weight", [5, 7]), ("head.bias", [5]), ("patch_embed.proj.weight", [2, 1, 3, 3]));
        using IOptimizer optimizer = options.Build(parameters.Named);
        double[][] means = [.. parameters.Reference.Select(r => new double[r.Length])];
        double[][] squares = [.. parameters.Reference.Select(r => new double[r.Length])];
        for (int step = 1; step <= 10; step++)
        {
            double scale = 1.0 / step;
            double[][] gradients = parameters.NextGradients();
            optimizer.Step(scale);
            double learningRate = options.LearningRate * scale;
            for (int i = 0; i < gradients.Length; i++)
            {
                double decay = parameters.Named[i].Value.dim() > 1 ? options.WeightDecay : 0;
                double[] p = parameters.Reference[i];
                for (int k = 0; k < p.Length; k++)
                {
                    double g = gradients[i][k];
                    means[i][k] = (options.Beta1 * means[i][k]) + ((1 - options.Beta1) * g);
                    squares[i][k] = (options.Beta2 * squares[i][k]) + ((1 - options.Beta2) * g * g);
                    double mean = means[i][k] / (1 - Math.Pow(options.Beta1, step));
                    double square = squares[i][k] / (1 - Math.Pow(options.Beta2, step));
                    p[k] -= learningRate * ((mean / (Math.Sqrt(square) + options.Epsilon)) + (decay * p[k]));
                }
            }
            parameters.AssertEqualReference(1e-6, $"step {step}");
        }
    }

    [TestMethod]
    public void ANetworkMovesAsUnderTorchOptimAdamW()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        VitConfig config = TinyConfig.Value with { Width = 64, Heads = 4 };
        using var network = new VisionTransformer(config, generator);
        (string Name, Parameter Value)[] ours = [.. network.named_parameters()];
        Parameter[] theirs = [.. ours.Select(p => new Parameter(p.Value.detach().clone()))];
        var options = new AdamWOptimizer { LearningRate = 3e-3, WeightDecay = 0.05 };
        using IOptimizer optimizer = options.Build(ours);
        ILookup<bool, int> decayed = Enumerable.Range(0, ours.Length).ToLookup(i => ParameterGroups.IsDecayed(ours[i].Name, ours[i].Value.shape));
        using AdamW reference = optim.AdamW(
            decayed.Select(group => new AdamW.ParamGroup(group.Select(i => theirs[i]), options.LearningRate, options.Beta1, options.Beta2, options.Epsilon, group.Key ? options.WeightDecay : 0)),
            options.LearningRate, options.Beta1, options.Beta2, options.Epsilon);
        for (int step = 0; step < 10; step++)
        {
            for (int i = 0; i < ours.Length; i++)
            {
                Tensor gradient = randn(ours[i].Value.shape, generator: generator);
                (ours[i].Value.grad, theirs[i].grad) = (gradient, gradient.clone());
            }
            optimizer.Step(1);
            reference.step();
        }
        for (int i = 0; i < ours.Length; i++)
        {
            Assert.IsLessThan(1e-6f, (ours[i].Value - theirs[i]).abs().max().item<float>(), ours[i].Name);
        }
    }

    [TestMethod]
    public void AParameterWithoutGradientIsNamed()
    {
        using var parameters = TestParameters.Random(3, ("head.weight", [2, 2]));
        using IOptimizer optimizer = new AdamWOptimizer().Build(parameters.Named);
        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => optimizer.Step(1));
        StringAssert.Contains(exception.Message, "head.weight has no gradient");
    }
}
