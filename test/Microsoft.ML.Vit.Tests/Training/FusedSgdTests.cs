using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class FusedSgdTests
{
    [TestMethod]
    [DataRow(0.9, true)]
    [DataRow(0.9, false)]
    [DataRow(0.0, false)]
    public void FollowsPyTorchsFormInDoublePrecision(double momentum, bool nesterov)
    {
        var options = new SgdOptimizer { LearningRate = 0.05, WeightDecay = 0.01, Momentum = momentum, Nesterov = nesterov };
        using var parameters = TestParameters.Random(5, ("head.weight", [5, 7]), ("head.bias", [5]));
        using IOptimizer optimizer = options.Build(parameters.Named);
        double[][] buffers = [.. parameters.Reference.Select(r => new double[r.Length])];
        for (int step = 1; step <= 10; step++)
        {
            double scale = 1.0 / step;
            double[][] gradients = parameters.NextGradients();
            optimizer.Step(scale);
            for (int i = 0; i < gradients.Length; i++)
            {
                double decay = parameters.Named[i].Value.dim() > 1 ? options.WeightDecay : 0;
                double[] p = parameters.Reference[i];
                for (int k = 0; k < p.Length; k++)
                {
                    double g = gradients[i][k] + (decay * p[k]);
                    buffers[i][k] = (momentum * buffers[i][k]) + g;
                    p[k] -= options.LearningRate * scale * (nesterov ? g + (momentum * buffers[i][k]) : buffers[i][k]);
                }
            }
            parameters.AssertEqualReference(2e-6, $"step {step}");
        }
    }
}
