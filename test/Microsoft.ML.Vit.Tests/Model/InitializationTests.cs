using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Model;

[TestClass]
public sealed class InitializationTests
{
    private static readonly VitConfig s_config = new() { ImageSize = 32, PatchSize = 4, Width = 64, Depth = 2, Heads = 2, Classes = 10, LayerScale = 0.5 };

    [TestMethod]
    [DataRow(VitInitialization.Timm)]
    [DataRow(VitInitialization.Mimetic)]
    public void TheSameSeedGivesTheSameBits(VitInitialization initialization)
    {
        foreach (VitConfig config in TinyConfig.Switches())
        {
            using VisionTransformer one = Build(config, initialization, 3), two = Build(config, initialization, 3), other = Build(config, initialization, 4);
            foreach (((string name, Tensor a), (_, Tensor b)) in one.State().Zip(two.State()))
            {
                Assert.IsTrue(a.IsSameAs(b), name);
            }
            Assert.IsFalse(one.Blocks[0].Attention.Qkv.Weight.IsSameAs(other.Blocks[0].Attention.Qkv.Weight));
        }
    }

    [TestMethod]
    [DataRow(VitInitialization.Timm)]
    [DataRow(VitInitialization.Mimetic)]
    public void NoWeightKeepsWhatItWasBefore(VitInitialization initialization)
    {
        foreach (VitConfig config in TinyConfig.Switches())
        {
            using var generator = new Generator(1);
            using var network = new VisionTransformer(config, generator: null);
            foreach ((_, var parameter) in network.named_parameters())
            {
                using var noGradients = no_grad();
                parameter.fill_(double.NaN);
            }
            network.Initialize(initialization, generator);
            foreach ((string name, Tensor tensor) in network.State())
            {
                Assert.IsTrue(tensor.isfinite().all().item<bool>(), $"{name} of {config}");
            }
        }
    }

    [TestMethod]
    public void TimmsHasItsDeviationsZeroBiasesAndIdentityNorms()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(s_config, VitInitialization.Timm, 1);
        Dictionary<string, Tensor> state = network.State().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        Assert.AreEqual(0.02, Deviation(state["blocks.1.mlp.fc1.weight"]), 1e-3);
        Assert.AreEqual(0.02, Deviation(state["pos_embed"]), 1e-3);
        Assert.AreEqual(0.02, Deviation(state["head.weight"]), 2e-3);
        Assert.IsLessThan(1e-5, Deviation(state["cls_token"]));
        double bound = 1 / Math.Sqrt(3 * 4 * 4);
        Assert.AreEqual(bound / Math.Sqrt(3), Deviation(state["patch_embed.proj.weight"]), 3e-3);
        Assert.IsTrue(state["patch_embed.proj.weight"].abs().max().item<float>() <= bound);
        Assert.AreEqual(0, state["blocks.0.attn.qkv.bias"].abs().max().item<float>());
        Assert.AreEqual(1, state["norm.weight"].min().item<float>());
        Assert.AreEqual(0.5, state["blocks.0.ls2.gamma"].mean().item<float>());
    }

    [TestMethod]
    public void MimeticQueryTimesKeyIsNoiseAroundTheIdentityInTheirLargestDirections()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(s_config with { Heads = 1 }, VitInitialization.Mimetic, 1);
        Tensor[] qkv = network.Blocks[1].Attention.Qkv.Weight.detach().split(64, 0);
        // With one head no singular value is cut: the product is 0.7 Z + 0.7 I itself.
        AssertNoiseAroundIdentity(qkv[0].t().matmul(qkv[1]), noise: 0.7, identity: 0.7);
    }

    [TestMethod]
    public void MimeticHeadsKeepTheLargestSingularValues()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(s_config, VitInitialization.Mimetic, 1);
        Tensor[] qkv = network.Blocks[0].Attention.Qkv.Weight.detach().split(64, 0);
        for (int head = 0; head < 2; head++)
        {
            Tensor query = qkv[0].narrow(0, head * 32, 32), key = qkv[1].narrow(0, head * 32, 32);
            // U sqrt(S) and V sqrt(S): rows are orthogonal, equally long in both, longest first.
            Tensor queryGram = query.matmul(query.t()), keyGram = key.matmul(key.t());
            Assert.IsTrue(queryGram.allclose(keyGram, rtol: 1e-3, atol: 1e-4));
            Assert.IsTrue(queryGram.allclose(queryGram.diag().diag(), atol: 1e-4));
            Assert.IsTrue(queryGram.diag().diff().le(0).all().item<bool>());
        }
    }

    [TestMethod]
    public void MimeticValueTimesOutputIsNoiseAroundTheNegativeIdentity()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(s_config, VitInitialization.Mimetic, 1);
        Attention attention = network.Blocks[0].Attention;
        Tensor value = attention.Qkv.Weight.detach().split(64, 0)[2];
        AssertNoiseAroundIdentity(attention.Projection.Weight.detach().matmul(value), noise: 0.4, identity: -0.4);
    }

    [TestMethod]
    public void MimeticPositionsStartAsSinesAndCosinesAndTheClassTokenNowhere()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Build(s_config, VitInitialization.Mimetic, 1);
        Tensor positions = network.Positions!.detach().squeeze(0);
        Assert.AreEqual(0, positions[0].abs().max().item<float>());
        Assert.IsTrue(positions.narrow(0, 1, 64).IsSameAs(SinCosPositions.Table(8, 64)));
        Assert.IsTrue(network.Positions!.requires_grad);
    }

    private static void AssertNoiseAroundIdentity(Tensor product, double noise, double identity)
    {
        int width = (int)product.size(0);
        Tensor rest = product - (eye(width) * identity);
        Assert.AreEqual(identity, product.diag().mean().item<float>(), 4 * noise / width);
        Assert.AreEqual(noise / Math.Sqrt(width), Deviation(rest), 0.1 * noise / Math.Sqrt(width));
    }

    private static double Deviation(Tensor tensor) => tensor.std().item<float>();

    private static VisionTransformer Build(VitConfig config, VitInitialization initialization, ulong seed)
    {
        using var generator = new Generator(seed);
        var network = new VisionTransformer(config, generator: null);
        network.Initialize(initialization, generator);
        return network;
    }
}
