using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Model;

[TestClass]
public sealed class PatchDropoutTests
{
    [TestMethod]
    [DataRow(0.25, 16, 12)]
    [DataRow(0.5, 7, 3)]
    [DataRow(0.75, 64, 16)]
    [DataRow(0.99, 4, 1)]
    public void KeepsItsShareOfEachImagesPatchesAndAtLeastOne(double rate, int patches, int kept)
    {
        using var scope = NewDisposeScope();
        Tensor drawn = new PatchDropout(rate, Source(3)).Draw(50, patches, training: true, CPU)!;
        CollectionAssert.AreEqual(new long[] { 50, kept }, drawn.shape);
        for (int image = 0; image < 50; image++)
        {
            long[] indices = drawn[image].data<long>().ToArray();
            Assert.HasCount(kept, indices.Distinct().ToArray());
            Assert.IsTrue(indices.All(index => index >= 0 && index < patches));
        }
    }

    [TestMethod]
    public void EveryPatchIsAsLikelyToStayAsAnother()
    {
        using var scope = NewDisposeScope();
        Tensor drawn = new PatchDropout(0.75, Source(3)).Draw(4000, 8, training: true, CPU)!;
        foreach (IGrouping<long, long> patch in drawn.data<long>().ToArray().GroupBy(index => index))
        {
            Assert.AreEqual(1000, patch.Count(), 100);
        }
    }

    [TestMethod]
    public void ZeroRateAndScoringKeepAll()
    {
        Assert.IsNull(new PatchDropout(0, Source(1)).Draw(2, 8, training: true, CPU));
        Assert.IsNull(new PatchDropout(0.5, Source(1)).Draw(2, 8, training: false, CPU));
    }

    public static IEnumerable<object[]> Networks() => TinyConfig.Switches().Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void VisiblePatchesInAnyOrderGiveTheTokensOfTheWholeWhenNoneIsHidden(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        network.eval();
        Tensor patches = network.EmbedPatches(Images(config, generator));
        Tensor whole = network.ForwardFeatures(Images(config, new Generator(7)));
        Tensor same = network.EmbedPatches(Images(config, new Generator(7)));
        Tensor order = arange(config.PatchTokens - 1, -1, -1).unsqueeze(0).expand(3, -1);
        Tensor reversed = network.EncodeVisible(same, order);
        Tensor prefix = arange(config.PrefixTokens);
        Tensor back = reversed.index_select(1, cat([prefix, arange(config.Tokens - 1, config.PrefixTokens - 1, -1)]));
        Assert.IsLessThan(1e-5, (back - whole).abs().max().item<float>());
        Assert.IsGreaterThan(1e-3, (network.EncodeVisible(patches, order) - reversed).abs().max().item<float>());
    }

    [TestMethod]
    public void HiddenPatchesDoNotMatterAndPrefixTokensStay()
    {
        VitConfig config = TinyConfig.Value with { RegisterTokens = 2 };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        network.eval();
        Tensor patches = randn([2, config.PatchTokens, config.Width], generator: generator);
        Tensor visible = tensor(new long[] { 1, 4, 6, 0, 9, 2 }, [2, 3]);
        Tensor tokens = network.EncodeVisible(patches, visible);
        CollectionAssert.AreEqual(new long[] { 2, config.PrefixTokens + 3, config.Width }, tokens.shape);

        Tensor others = patches.clone();
        others[0, 5] = ones(config.Width);
        others[1, 1] = ones(config.Width);
        Assert.AreEqual(0, (network.EncodeVisible(others, visible) - tokens).abs().max().item<float>());
    }

    [TestMethod]
    public void TrainingIsSeededAndScoringSeesAllPatches()
    {
        VitConfig config = TinyConfig.Value with { PatchDropout = 0.5, Pooling = VitPooling.Mean };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        using var whole = new VisionTransformer(config with { PatchDropout = 0 }, new Generator(5));
        Tensor images = Images(config, generator);
        Tensor Logits(ulong seed)
        {
            network.DropoutGenerator = new Generator(seed);
            return network.forward(images);
        }
        network.train();
        Assert.AreEqual(0, (Logits(1) - Logits(1)).abs().max().item<float>());
        Assert.AreNotEqual(0, (Logits(1) - Logits(2)).abs().max().item<float>());
        network.eval();
        Assert.AreEqual(0, (network.forward(images) - whole.forward(images)).abs().max().item<float>());
    }

    [TestMethod]
    public void RateMustBeBelowOne()
    {
        StringAssert.Contains(string.Join(' ', (TinyConfig.Value with { PatchDropout = 1 }).Problems()), "PatchDropout is 1; expected 0 to below 1.");
    }

    private static Tensor Images(VitConfig config, Generator generator) => randn([3, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);

    private static DropoutSource Source(ulong seed) => new() { Generator = new Generator(seed) };
}
