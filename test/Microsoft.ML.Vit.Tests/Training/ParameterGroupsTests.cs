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
    public void GroupsByDecayKeepEveryParameterOnce()
    {
        using var parameters = TestParameters.Random(1, ("head.weight", [3, 4]), ("head.bias", [3]), ("pos_embed", [1, 2, 4]), ("blocks.0.attn.proj.weight", [4, 4]));
        IReadOnlyList<ParameterGroup> groups = ParameterGroups.ByDecay(parameters.Named, 0.05);
        CollectionAssert.AreEquivalent(new[] { 0.05, 0.0 }, groups.Select(g => g.WeightDecay).ToArray());
        CollectionAssert.AreEqual(new[] { "head.weight", "blocks.0.attn.proj.weight" }, groups.Single(g => g.WeightDecay > 0).Parameters.Select(p => p.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "head.bias", "pos_embed" }, groups.Single(g => g.WeightDecay == 0).Parameters.Select(p => p.Name).ToArray());
    }

    [TestMethod]
    public void WithoutDecayThereIsOneGroup()
    {
        using var parameters = TestParameters.Random(1, ("head.weight", [3, 4]), ("head.bias", [3]));
        Assert.HasCount(1, ParameterGroups.ByDecay(parameters.Named, 0));
    }
}
