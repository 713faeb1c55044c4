using Microsoft.ML.Vit.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class BatchMixerTests
{
    private const int Classes = 4;

    private static readonly BatchMixing s_mixup = new() { CutMixAlpha = 0 };

    private static readonly BatchMixing s_cutMix = new() { MixupAlpha = 0 };

    [TestMethod]
    public void MixupBlendsEachImageWithItsMirrorInTheBatchAndTheTargetsAlike()
    {
        using var scope = NewDisposeScope();
        (Tensor images, Tensor labels) = Data();
        for (int seed = 0; seed < 20; seed++)
        {
            (Tensor mixed, Tensor targets) = BatchMixer.Mix(s_mixup, images, labels, Classes, new Random(seed));
            // Labels 0 to 3: image 0's partner is image 3, so target 0 holds both shares.
            float share = targets[0, 0].item<float>();
            Assert.AreEqual(1, share + targets[0, 3].item<float>(), 1e-6);
            Assert.IsLessThan(1e-5, (mixed - ((share * images) + ((1 - share) * images.flip(0)))).abs().max().item<float>());
            Assert.IsLessThan(1e-6, (targets.sum(1) - 1).abs().max().item<float>());
        }
    }

    [TestMethod]
    public void CutMixTakesARectangleOfThePartnerAndItsAreaIsItsShare()
    {
        using var scope = NewDisposeScope();
        (Tensor images, Tensor labels) = Data();
        for (int seed = 0; seed < 20; seed++)
        {
            (Tensor mixed, Tensor targets) = BatchMixer.Mix(s_cutMix, images, labels, Classes, new Random(seed));
            Tensor own = mixed.eq(images).all(1), partner = mixed.eq(images.flip(0)).all(1); // (B, H, W)
            Assert.IsTrue(own.logical_or(partner).all().item<bool>());
            double cut = partner[0].to(ScalarType.Float64).mean().item<double>();
            Assert.AreEqual(cut, targets[0, 3].item<float>(), 1e-6, $"seed {seed}");
            Assert.AreEqual(1 - cut, targets[0, 0].item<float>(), 1e-6);
            Tensor rows = partner[0].any(1), columns = partner[0].any(0);
            Assert.AreEqual(rows.sum().item<long>() * columns.sum().item<long>(), partner[0].sum().item<long>(), "a rectangle");
        }
    }

    [TestMethod]
    public void ProbabilitiesSayHowOftenWhatIsDone()
    {
        using var scope = NewDisposeScope();
        (Tensor images, Tensor labels) = Data();
        var options = new BatchMixing { Probability = 0.6, CutMixProbability = 0.3 };
        int untouched = 0, cut = 0;
        const int Draws = 1000;
        for (int seed = 0; seed < Draws; seed++)
        {
            using var inner = NewDisposeScope();
            (Tensor mixed, Tensor targets) = BatchMixer.Mix(options, images, labels, Classes, new Random(seed));
            untouched += targets.dim() == 1 ? 1 : 0;
            cut += targets.dim() == 2 && mixed.eq(images).logical_or(mixed.eq(images.flip(0))).all().item<bool>() ? 1 : 0;
        }
        Assert.AreEqual(0.4, (double)untouched / Draws, 0.05);
        Assert.AreEqual(0.18, (double)cut / Draws, 0.04);
    }

    [TestMethod]
    public void SameGeneratorGivesTheSameMix()
    {
        using var scope = NewDisposeScope();
        (Tensor images, Tensor labels) = Data();
        Tensor first = BatchMixer.Mix(new BatchMixing(), images, labels, Classes, new Random(7)).Images;
        Tensor second = BatchMixer.Mix(new BatchMixing(), images, labels, Classes, new Random(7)).Images;
        Assert.IsTrue(first.equal(second).all().item<bool>());
    }

    [TestMethod]
    [DataRow(0.2)]
    [DataRow(1.0)]
    [DataRow(3.5)]
    public void BetaSamplesHaveTheMomentsOfTheDistribution(double alpha)
    {
        var random = new Random(11);
        double[] samples = [.. Enumerable.Range(0, 20_000).Select(_ => BetaDistribution.Sample(alpha, alpha, random))];
        Assert.IsTrue(samples.All(sample => sample is >= 0 and <= 1));
        double mean = samples.Average(), variance = samples.Average(sample => (sample - mean) * (sample - mean));
        Assert.AreEqual(0.5, mean, 0.01);
        Assert.AreEqual(1 / (4 * ((2 * alpha) + 1)), variance, 0.005);
    }

    private static (Tensor Images, Tensor Labels) Data()
    {
        using var generator = new Generator(5);
        return (randn([Classes, 3, 12, 8], generator: generator), arange(Classes));
    }
}
