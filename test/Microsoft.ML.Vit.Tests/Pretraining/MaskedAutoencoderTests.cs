using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Pretraining;
using Microsoft.ML.Vit.Tests.Model;
using Microsoft.ML.Vit.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Pretraining;

[TestClass]
public sealed class MaskedAutoencoderTests
{
    private const int Images = 5;

    private static readonly MaskedAutoencoderPretraining s_options = new() { DecoderDepth = 2, DecoderWidth = 12 };

    [TestCleanup]
    public void OneThreadAgain() => set_num_threads(1);

    public static IEnumerable<object[]> Networks() => TinyConfig.Switches().Select(config => new object[] { config });

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void GradientsReachAllBeforePoolingAndTheDecoderWhateverTheThreads(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var network = new VisionTransformer(config, generator);
        network.train();
        (float loss, Tensor[] gradients) = RunOnce(network, threads: 1);
        (float divided, Tensor[] dividedGradients) = RunOnce(network, threads: 2);
        Assert.AreEqual(loss, divided, 1e-5f);
        foreach ((Tensor one, Tensor other) in gradients.Zip(dividedGradients))
        {
            Assert.IsLessThan(1e-4f * Math.Max(1, one.abs().max().item<float>()), (one - other).abs().max().item<float>());
        }
        foreach ((string name, Tensor parameter) in network.named_parameters().Select(p => (p.name, p.parameter)))
        {
            bool isAfter = name.StartsWith("head", StringComparison.Ordinal) || name.StartsWith("fc_norm", StringComparison.Ordinal) || name.StartsWith("pre_logits", StringComparison.Ordinal);
            Assert.AreEqual(isAfter, parameter.grad is null, name);
            Assert.IsTrue(isAfter || parameter.grad!.abs().max().item<float>() > 0, name);
        }
    }

    [TestMethod]
    public void LossIsTheMeanSquaredErrorOfTheHiddenPatchesOfTheWholeBatch()
    {
        VitConfig config = TinyConfig.Value;
        using var scope = NewDisposeScope();
        using var network = new VisionTransformer(config, new Generator(5));
        network.train();
        (Tensor images, Tensor order) = Batch(config);
        using var autoencoder = new MaskedAutoencoder(network, s_options, CPU, decoderSeed: 9, CancellationToken.None);
        float loss = autoencoder.Run(images, order, seed: 1).item<float>();

        using var decoder = new MaskedDecoder(config, s_options, new Generator(9));
        Tensor painted = decoder.call(network.EncodeVisible(network.EmbedPatches(images), order.narrow(1, 0, 4)), order);
        CollectionAssert.AreEqual(new long[] { Images, 12, 48 }, painted.shape);
        Tensor targets = new PixelPatches(config).Targets(images, order.narrow(1, 4, 12));
        Assert.AreEqual((painted - targets).square().mean().item<float>(), loss, 1e-5f);
    }

    [TestMethod]
    public void DecoderDoesNotCareInWhichOrderVisiblePatchesCome()
    {
        VitConfig config = TinyConfig.Value with { RegisterTokens = 1 };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        using var decoder = new MaskedDecoder(config, s_options, generator);
        Tensor tokens = randn([1, config.PrefixTokens + 3, config.Width], generator: generator);
        Tensor order = arange(16).unsqueeze(0);
        Tensor painted = decoder.call(tokens, order);
        Tensor tokensSwapped = tokens.index_select(1, tensor(new long[] { 0, 1, 4, 3, 2 }));
        Tensor orderSwapped = order.index_select(1, tensor(new long[] { 2, 1, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }));
        Assert.IsLessThan(1e-5, (decoder.call(tokensSwapped, orderSwapped) - painted).abs().max().item<float>());
        Assert.IsGreaterThan(1e-4, (decoder.call(tokensSwapped, order) - painted).abs().max().item<float>());
    }

    [TestMethod]
    public void NothingOfAHiddenPatchReachesTheNetworkThroughTheStem()
    {
        VitConfig config = TinyConfig.Value with { Stem = VitStem.Convolutions };
        using var scope = NewDisposeScope();
        using var network = new VisionTransformer(config, new Generator(5));
        network.eval();
        (Tensor images, Tensor order) = Batch(config);
        var pixels = new PixelPatches(config);
        Tensor visible = order.narrow(1, 0, 4);
        Tensor Seen(Tensor x) => network.EncodeVisible(network.EmbedPatches(pixels.Hide(x, visible)), visible);
        Tensor changed = images + (1 - pixels.Hide(ones_like(images), visible)); // hidden patches alone
        Assert.AreEqual(0, (Seen(changed) - Seen(images)).abs().max().item<float>());
        Assert.IsGreaterThan(1e-3, (network.EncodeVisible(network.EmbedPatches(changed), visible) - network.EncodeVisible(network.EmbedPatches(images), visible)).abs().max().item<float>());
    }

    [TestMethod]
    public void DecoderComputesInTheNetworksPrecision()
    {
        using var scope = NewDisposeScope();
        using var network = new VisionTransformer(TinyConfig.Value, new Generator(5));
        network.train();
        (float single, _) = RunOnce(network, threads: 1);
        network.ComputeType = ScalarType.BFloat16;
        (float half, Tensor[] gradients) = RunOnce(network, threads: 1);
        Assert.AreNotEqual(single, half);
        Assert.AreEqual(single, half, 0.01f);
        Assert.IsTrue(gradients.All(gradient => gradient.dtype == ScalarType.Float32));
    }

    [TestMethod]
    public void FrozenBlocksStayAsTheyAre()
    {
        using var scope = NewDisposeScope();
        using var network = new VisionTransformer(TinyConfig.Value, new Generator(5));
        Freezing.Apply(network, 1, false);
        using var autoencoder = new MaskedAutoencoder(network, s_options, CPU, decoderSeed: 9, CancellationToken.None);
        string[] learning = [.. autoencoder.Parameters.Select(p => p.Name).Where(name => !name.StartsWith("decoder.", StringComparison.Ordinal))];
        Assert.IsTrue(learning.All(name => name.StartsWith("blocks.1.", StringComparison.Ordinal) || name.StartsWith("norm.", StringComparison.Ordinal)), string.Join(' ', learning));
    }

    [TestMethod]
    public void StepsLeaveNoTensors()
    {
        VitConfig config = TinyConfig.Value with { Stem = VitStem.Convolutions, RegisterTokens = 1 };
        using var network = new VisionTransformer(config, new Generator(5));
        network.train();
        set_num_threads(2);
        using var autoencoder = new MaskedAutoencoder(network, s_options, CPU, decoderSeed: 9, CancellationToken.None);
        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var scope = NewDisposeScope();
                (Tensor images, Tensor order) = Batch(config);
                autoencoder.Run(images, order, seed: i);
                Gradients.Clear(autoencoder.Parameters);
            }
        }
        Steps(2);
        Assert.AreEqual(Leaks.TensorsLeft(() => Steps(1)), Leaks.TensorsLeft(() => Steps(5)));
    }

    private static (float Loss, Tensor[] Gradients) RunOnce(VisionTransformer network, int threads)
    {
        set_num_threads(threads);
        (Tensor images, Tensor order) = Batch(network.Config);
        using var autoencoder = new MaskedAutoencoder(network, s_options, CPU, decoderSeed: 9, CancellationToken.None);
        Gradients.Clear(autoencoder.Parameters);
        float loss = autoencoder.Run(images, order, seed: 1).item<float>();
        return (loss, [.. autoencoder.Parameters.Select(p => p.Value.grad!.clone())]);
    }

    private static (Tensor Images, Tensor Order) Batch(VitConfig config) =>
        (randn([Images, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: new Generator(3)), PatchOrder.Draw(Images, config.PatchTokens, new Random(1)));
}
