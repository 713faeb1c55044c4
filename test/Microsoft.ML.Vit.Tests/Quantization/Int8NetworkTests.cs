using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Quantization;
using Microsoft.ML.Vit.Tests.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Quantization;

[TestClass]
public class Int8NetworkTests
{
    private const float Scale = 0.02f;
    private const int ZeroPoint = 117;

    public static IEnumerable<object[]> Architectures =>
    [
        .. TinyConfig.Switches().Append(TinyConfig.Value with { Activation = VitActivation.Relu }).Append(TinyConfig.Value with { Activation = VitActivation.Tanh })
            .Append(TinyConfig.Value with { Width = 48, Heads = 3, Classes = 10 }).Append(TinyConfig.Value with { Width = 48, Heads = 3, LayerScale = 0.5, SwiGlu = true })
            .Index().Select(item => new object[] { item.Index, item.Item }),
    ];

    [TestInitialize]
    public void NeedsKernels()
    {
        if (QuantizedNetwork.Problem is { } problem)
        {
            Assert.Inconclusive(problem);
        }
    }

    [TestMethod]
    [DataRow(5, 40)]
    [DataRow(33, 192)]
    [DataRow(2, 7)]
    public void ANormalizationRoundsToTheBytesOfTheUsualOne(int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var generator = new Generator(1);
        using var norm = new LayerNorm(width, 1e-6);
        norm.Weight.copy_(randn(width, generator: generator));
        norm.Bias.copy_(randn(width, generator: generator));
        Tensor x = (randn(rows, width, generator: generator) * 3) + 1, factors = rand(width, generator: generator) + 0.5;
        var product = new LinearQuantization([], Scale, ZeroPoint, factors.data<float>().ToArray());
        AssertSameBytes(norm.call(x) / factors, new ByteNormalization(norm, product).Apply(x));
    }

    [TestMethod]
    public void FloatsBecomeTheBytesOfTheirScaleAndAreCutAtItsEnds()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor x = randn(7, 37, generator: generator) * 2;
        Tensor bytes = ByteRows.Quantize(x, new LinearQuantization([], Scale, ZeroPoint, null));
        AssertSameBytes(x, bytes);
        Assert.AreEqual(0, bytes.min().item<byte>());
        Assert.AreEqual(255, bytes.max().item<byte>());
    }

    [TestMethod]
    [DataRow(1, 4, 16, 1)]
    [DataRow(2, 17, 32, 2)]
    [DataRow(3, 65, 64, 2)]
    [DataRow(1, 70, 160, 2)]
    public void AttentionInBytesIsThatByHand(int batch, int tokens, int size, int heads)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var generator = new Generator(1);
        if (!ByteAttention.Pays(tokens, size))
        {
            Assert.Inconclusive("needs AVX-512");
        }
        using var attention = new Attention(new VitConfig { Width = heads * size, Heads = heads }, new DropoutSource());
        Tensor qkv = randn(batch, tokens, 3 * heads * size, generator: generator) * 2;
        Tensor expected = attention.Attend(qkv, training: false, weights: null).reshape(batch * tokens, heads * size);
        AssertSameBytes(expected, ByteAttention.Apply(qkv.view(batch * tokens, -1), tokens, size, new LinearQuantization([], Scale, ZeroPoint, null)));
    }

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void EveryArchitectureInBytesComesCloseToItselfInFloats(int index, VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var generator = new Generator((ulong)index);
        using VisionTransformer network = Network(config, generator);
        Tensor images = randn([16, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
        Tensor expected = network.forward(images);
        QuantizedNetwork.Observe(network);
        network.forward(images).Dispose();
        QuantizedNetwork.Quantize(network);
        Tensor rounded = Unquantized(network, images), found = network.forward(images);
        double spread = expected.std().item<float>();
        Assert.IsLessThan(0.15 * spread, (found - expected).std().item<float>(), config.ToString());
        Assert.IsLessThan(0.15 * spread, (found - rounded).std().item<float>(), config.ToString());
        Assert.AreNotEqual(0, (found - rounded).std().item<float>(), "not in bytes");
        using Tensor one = network.forward(images.narrow(0, 3, 1));
        Assert.IsLessThan(0.15 * spread, one.LargestDifference(found.narrow(0, 3, 1)), "an image on its own");
    }

    [TestMethod]
    public void TheWeightsKeptInFloatsGiveTheSameBytesAgain()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using VisionTransformer network = Network(TinyConfig.Value, generator);
        QuantizedNetwork.Observe(network);
        network.forward(randn([4, 3, 16, 16], generator: generator)).Dispose();
        QuantizedNetwork.Quantize(network);
        LinearQuantization layer = QuantizedNetwork.QuantizationOf(network)![0].Fc1;
        Tensor weight = Int8Block.FeedForward(network.Blocks[0]).Fc1.Weight, bytes = QuantizedWeights.Of(weight, layer), again = weight.detach().clone();
        Assert.AreEqual(127, bytes.abs().max().item<sbyte>());
        QuantizedWeights.Restore(again, bytes, layer);
        Assert.IsTrue(again.IsSameAs(weight));
    }

    [TestMethod]
    public void ProductsOfBytesAreExact()
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var generator = new Generator(1);
        using var linear = new Linear(96, 40);
        Tensor bytes = randint(-127, 128, [40, 96], generator: generator), scales = rand(40, generator: generator) + 0.01, factor = randn(40, generator: generator);
        bytes[TensorIndex.Colon, TensorIndex.Single(0)] = 127;
        linear.Weight.copy_(bytes * scales.unsqueeze(1));
        linear.Bias!.copy_(randn(40, generator: generator));
        Tensor x = randint(0, 256, [9, 96], generator: generator), sum = randn(9, 40, generator: generator);
        using var product = new Int8Linear(linear, new LinearQuantization(scales.data<float>().ToArray(), Scale, ZeroPoint, null), factor);
        Tensor input = x.to(ScalarType.Byte), expected = nn.functional.linear((x - ZeroPoint).to(ScalarType.Float32) * Scale, linear.Weight, linear.Bias) * factor;
        Assert.IsLessThan(1e-3, product.Apply(input).LargestDifference(expected));
        expected = expected + sum;
        product.AddTo(sum, input);
        Assert.IsLessThan(1e-3, sum.LargestDifference(expected));
    }

    private static VisionTransformer Network(VitConfig config, Generator generator)
    {
        var network = new VisionTransformer(config, generator);
        network.eval();
        using var noGradients = no_grad();
        foreach ((string name, Tensor tensor) in network.State().Where(state => state.Tensor.dim() == 2 && state.Name.EndsWith("weight", StringComparison.Ordinal)))
        {
            tensor.mul_(4); // first weights are so small that the blocks would hardly matter
        }
        return network;
    }

    private static Tensor Unquantized(VisionTransformer network, Tensor images)
    {
        BlockProduct?[] products = [.. network.Blocks.Select(block => block.Product)];
        foreach (Block block in network.Blocks)
        {
            block.Product = null;
        }
        Tensor result = network.forward(images);
        foreach ((Block block, BlockProduct? product) in network.Blocks.Zip(products))
        {
            block.Product = product;
        }
        return result;
    }

    /// <summary>All but a few bytes, which may have been rounded the other way, by one.</summary>
    private static void AssertSameBytes(Tensor expected, Tensor found)
    {
        Tensor difference = ((expected / Scale) + ZeroPoint).round().clamp(0, 255).sub(found).abs();
        Assert.IsLessThanOrEqualTo(1f, difference.max().item<float>());
        Assert.IsLessThan(0.01f, difference.mean().item<float>());
    }
}
