using Microsoft.ML.Vit.Pretraining;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Pretraining;

[TestClass]
public sealed class PixelPatchesTests
{
    private static readonly VitConfig s_config = new() { ImageSize = new PixelSize(4, 6), PatchSize = new PixelSize(2, 3), Channels = 2 };

    [TestMethod]
    public void TargetsAreTheNormalizedPixelsOfThePatchesAskedFor()
    {
        using var scope = NewDisposeScope();
        Tensor images = randn([2, 2, 4, 6], generator: new Generator(3));
        // Patch 1 is at the top right, patch 2 at the bottom left.
        Tensor targets = new PixelPatches(s_config).Targets(images, tensor(new long[] { 1, 2, 2, 0 }, [2, 2]));
        CollectionAssert.AreEqual(new long[] { 2, 2, 12 }, targets.shape);
        AssertNormalized(images[0].narrow(1, 0, 2).narrow(2, 3, 3), targets[0, 0]);
        AssertNormalized(images[0].narrow(1, 2, 2).narrow(2, 0, 3), targets[0, 1]);
        AssertNormalized(images[1].narrow(1, 2, 2).narrow(2, 0, 3), targets[1, 0]);
        AssertNormalized(images[1].narrow(1, 0, 2).narrow(2, 0, 3), targets[1, 1]);
    }

    [TestMethod]
    public void PatchesOfOneColourHaveFiniteTargets()
    {
        using var scope = NewDisposeScope();
        Tensor targets = new PixelPatches(s_config).Targets(ones(1, 2, 4, 6), zeros([1, 1], ScalarType.Int64));
        Assert.AreEqual(0, targets.abs().max().item<float>());
    }

    [TestMethod]
    public void AllButTheVisiblePatchesBecomeZero()
    {
        using var scope = NewDisposeScope();
        Tensor images = rand([1, 2, 4, 6], generator: new Generator(3)) + 1;
        Tensor hidden = new PixelPatches(s_config).Hide(images, tensor(new long[] { 3 }, [1, 1]));
        Tensor expected = zeros_like(images);
        expected.narrow(2, 2, 2).narrow(3, 3, 3).copy_(images.narrow(2, 2, 2).narrow(3, 3, 3));
        Assert.AreEqual(0, (hidden - expected).abs().max().item<float>());
    }

    private static void AssertNormalized(Tensor patch, Tensor target)
    {
        Tensor flat = patch.flatten() - patch.mean();
        Tensor expected = flat / (flat.square().mean() + 1e-6).sqrt();
        Assert.IsLessThan(1e-5, (target - expected).abs().max().item<float>());
    }
}
