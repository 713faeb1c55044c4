using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit.Tests.Training;

[TestClass]
public sealed class ParameterGroupsTests
{
    [TestMethod]
    [DataRow("blocks.0.attn.qkv.weight", new long[] { 144, 48 }, true, true)]
    [DataRow("blocks.11.mlp.w12.weight", new long[] { 96, 48 }, true, true)]
    [DataRow("blocks.0.attn.qkv.bias", new long[] { 144 }, false, false)]
    [DataRow("blocks.0.norm1.weight", new long[] { 48 }, false, false)]
    [DataRow("blocks.0.ls1.gamma", new long[] { 48 }, false, false)]
    [DataRow("patch_embed.proj.weight", new long[] { 48, 3, 8, 8 }, false, true)]
    [DataRow("head.weight", new long[] { 5, 48 }, false, true)]
    [DataRow("head.bias", new long[] { 5 }, false, false)]
    [DataRow("pos_embed", new long[] { 1, 17, 48 }, false, false)]
    [DataRow("cls_token", new long[] { 1, 1, 48 }, false, false)]
    [DataRow("reg_token", new long[] { 1, 4, 48 }, false, false)]
    [DataRow("dist_token", new long[] { 1, 1, 48 }, false, false)]
    public void NameAndShapeDecide(string name, long[] shape, bool isBlockMatrix, bool isDecayed)
    {
        Assert.AreEqual(isBlockMatrix, ParameterGroups.IsBlockMatrix(name, shape));
        Assert.AreEqual(isDecayed, ParameterGroups.IsDecayed(name, shape));
    }

    [TestMethod]
    public void GroupsKeepEveryParameterOnce()
    {
        using var parameters = TestParameters.Random(1, ("head.weight", [3, 4]), ("head.bias", [3]), ("pos_embed", [1, 2, 4]), ("blocks.0.attn.proj.weight", [4, 4]));
        IReadOnlyList<ParameterGroup> groups = ParameterGroups.Of(parameters.Named, 0.05, layerDecay: 1, depth: 1);
        CollectionAssert.AreEquivalent(new[] { 0.05, 0.0 }, groups.Select(g => g.WeightDecay).ToArray());
        CollectionAssert.AreEqual(new[] { "head.weight", "blocks.0.attn.proj.weight" }, groups.Single(g => g.WeightDecay > 0).Parameters.Select(p => p.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "head.bias", "pos_embed" }, groups.Single(g => g.WeightDecay == 0).Parameters.Select(p => p.Name).ToArray());
    }

    [TestMethod]
    public void WithoutDecayThereIsOneGroup()
    {
        using var parameters = TestParameters.Random(1, ("head.weight", [3, 4]), ("head.bias", [3]));
        Assert.HasCount(1, ParameterGroups.Of(parameters.Named, 0, layerDecay: 1, depth: 1));
    }

    [TestMethod]
    public void EachLayerLearnsSlowerThanTheNext()
    {
        using var parameters = TestParameters.Random(
            1, ("cls_token", [1, 1, 4]), ("patch_embed.proj.weight", [4, 3, 2, 2]), ("blocks.0.norm1.bias", [4]), ("blocks.1.attn.qkv.weight", [12, 4]), ("norm.weight", [4]), ("head.weight", [3, 4]));
        Assert.AreEqual(2, ParameterGroups.Depth(parameters.Named));
        Dictionary<string, double> factors = ParameterGroups.Of(parameters.Named, 0.05, layerDecay: 0.5, depth: 2)
            .SelectMany(group => group.Parameters.Select(p => (p.Name, group.LearningRateFactor))).ToDictionary();
        CollectionAssert.AreEquivalent(
            new Dictionary<string, double>
            {
                ["cls_token"] = 0.125,
                ["patch_embed.proj.weight"] = 0.125,
                ["blocks.0.norm1.bias"] = 0.25,
                ["blocks.1.attn.qkv.weight"] = 0.5,
                ["norm.weight"] = 1,
                ["head.weight"] = 1,
            },
            factors);
    }
}
