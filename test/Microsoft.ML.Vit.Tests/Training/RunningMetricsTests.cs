using Microsoft.ML.Vit.Training;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class RunningMetricsTests
{
    [TestMethod]
    public void UnequalBatchesGiveTheMeanOverAllImages()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor logits = torch.tensor(new float[] { 2, 0, 0, 3, 1, 0, 0, 4, 5, 1 }).reshape(5, 2);
        torch.Tensor labels = torch.tensor(new long[] { 0, 1, 1, 1, 1 });
        var metrics = new RunningMetrics();
        foreach ((int start, int length) in new[] { (0, 4), (4, 1) })
        {
            torch.Tensor x = logits.narrow(0, start, length), y = labels.narrow(0, start, length);
            torch.Tensor loss = F.cross_entropy(x, y);
            Assert.AreEqual(loss.item<float>(), metrics.Add(x, y, loss), 1e-6);
        }
        Assert.AreEqual(5, metrics.Count);
        Assert.AreEqual(F.cross_entropy(logits, labels).item<float>(), metrics.Loss, 1e-6);
        Assert.AreEqual(3 / 5.0, metrics.Accuracy);
    }

    [TestMethod]
    public void ANonFiniteLossIsHandedBack()
    {
        using var scope = torch.NewDisposeScope();
        double loss = new RunningMetrics().Add(torch.zeros(2, 3), torch.zeros(2, torch.ScalarType.Int64), torch.tensor(float.NaN));
        Assert.IsTrue(double.IsNaN(loss));
    }
}
