using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>The ways to score with one network's weights, each beside ONNX Runtime in the same precision where it has one.</summary>
internal sealed class ScoreWays : IDisposable
{
    private const int Calibration = 8;

    private readonly MLContext ml = new(1);
    private readonly RandomImages images;
    private readonly List<(string Name, VitTransformer Model, OnnxPeer? Peer)> ways = [];

    /// <summary>A network that has seen two images: as hard to multiply as any.</summary>
    /// <param name="model">Its architecture.</param>
    /// <param name="batch">The most images at once.</param>
    /// <param name="isWhole">Whether in bfloat16 and int8 too, and beside ONNX Runtime.</param>
    public ScoreWays(VitConfig model, int batch, bool isWhole = true)
    {
        images = new RandomImages(ml, model, batch);
        VitTransformer trained = ml.MulticlassClassification.Trainers.Vit(new VitOptions
        {
            Model = model,
            Epochs = 1,
            BatchSize = 2,
            Augmentations = [],
            Optimizer = new AdamWOptimizer(),
            Device = "cpu",
            ScoringBatchSize = batch,
        }).Fit(images.Take(2));
        ways.Add(("fp32", trained, isWhole ? new OnnxPeer(trained) : null));
        if (isWhole)
        {
            // ONNX Runtime multiplies no bfloat16 on a CPU.
            ways.Add(("bf16", trained.WithPrecision(VitPrecision.BFloat16), null));
            AddInt8(trained);
        }
    }

    /// <summary>For a batch size, what is timed: each way's name, its action and its peer's.</summary>
    public IEnumerable<(string Name, Action Run, OnnxPeer.BoundBatch? Peer)> For(int batch)
    {
        IDataView data = images.Take(batch);
        foreach ((string name, VitTransformer model, OnnxPeer? peer) in ways)
        {
            yield return (name, () => Read(model.Transform(data)), peer?.Bind(batch));
            if (name == "fp32" && batch == 1)
            {
                // Not after the others, whose libraries' threads look out for more work for a while and take the cores from it.
                PredictionEngine<RandomImages.Row, Prediction> engine = ml.Model.CreatePredictionEngine<RandomImages.Row, Prediction>(model);
                yield return ("engine", () => engine.Predict(images.First), peer?.Bind(batch));
            }
        }
    }

    public void Dispose()
    {
        foreach ((_, VitTransformer model, OnnxPeer? peer) in ways)
        {
            model.Dispose();
            peer?.Dispose();
        }
        images.Dispose();
    }

    private void AddInt8(VitTransformer trained)
    {
        try
        {
            // Of noise, whose classes mean nothing.
            VitTransformer quantized = trained.Quantize(images.Take(Calibration), new QuantizationOptions { AllowedAccuracyDrop = 100 });
            ways.Add(("int8", quantized, new OnnxPeer(trained, int8: true)));
        }
        catch (PlatformNotSupportedException)
        {
            // No products of bytes here, no row.
        }
    }

    private static void Read(IDataView scored)
    {
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        VBuffer<float> scores = default;
        while (cursor.MoveNext())
        {
            getter(ref scores);
        }
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }
}
