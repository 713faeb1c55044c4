using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Cores;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Scoring;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Scoring;

[TestClass]
public sealed class ScoringModelTests
{
    private static readonly VitConfig s_packed = new() { ImageSize = 16, PatchSize = 4, Width = 64, Depth = 2, Heads = 2, Classes = 5 };
    private static readonly VitConfig s_general = s_packed with { QkNorm = true };

    private readonly CoreThreads _threads = new(3);

    [TestCleanup]
    public void EndThreads() => _threads.Dispose();

    public static IEnumerable<object[]> Networks => [[s_packed], [s_general]];

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void ScoresAreThoseOfTheNetworkForEveryBatchSize(VitConfig config)
    {
        using var generator = new Generator(1);
        var network = new VisionTransformer(config, generator);
        var preprocessing = new Preprocessing { Size = 16 };
        ImageShape shape = ImageShape.Of(preprocessing, isFloat: false);
        byte[] pixels = new byte[101 * shape.Bytes];
        new Random(1).NextBytes(pixels);
        float[] expected = Plain(network, preprocessing, shape, pixels, 101);
        using var model = new ScoringModel(network, preprocessing, CPU, embedding: null, _threads);
        foreach (int count in new[] { 101, 1, 2, 3, 7, 64 })
        {
            float[] scores = new float[101 * config.Classes];
            model.Score(pixels, shape, count, scores);
            for (int i = 0; i < scores.Length; i++)
            {
                Assert.AreEqual(i < count * config.Classes ? expected[i] : 0, scores[i], 1e-5, $"{count} images, value {i}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void ScoringLeavesNoTensors(VitConfig config)
    {
        using var model = new ScoringModel(new VisionTransformer(config, null), new Preprocessing { Size = 16 }, CPU, embedding: null, _threads);
        ImageShape shape = ImageShape.Of(model.Preprocessing, isFloat: false);
        byte[] pixels = new byte[9 * shape.Bytes];
        float[] scores = new float[9 * config.Classes];
        void Score(int times)
        {
            for (int i = 0; i < times; i++)
            {
                model.Score(pixels, shape, 1 + (i % 9), scores);
            }
        }
        Score(1);
        Assert.AreEqual(Leaks.TensorsLeft(() => Score(1)), Leaks.TensorsLeft(() => Score(30)));
    }

    private static float[] Plain(VisionTransformer network, Preprocessing preprocessing, ImageShape shape, byte[] pixels, int count)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var normalizer = new InputNormalizer(preprocessing, CPU);
        network.eval();
        Tensor batch = shape.NewBatch(count);
        pixels.CopyTo(batch.bytes);
        return ScoringModel.Probabilities(network, normalizer.Apply(batch)).data<float>().ToArray();
    }
}
