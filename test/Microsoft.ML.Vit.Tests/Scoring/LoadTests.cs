using System.Collections.Concurrent;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Tests.Samples;

namespace Microsoft.ML.Vit.Tests.Scoring;

/// <summary>One transformer under many threads. For a minute and a hundred thousand predictions: the samples' <c>benchmark load</c>.</summary>
[TestClass]
public sealed class LoadTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void SixtyFourThreadsGetEqualScoresWhileModelsAreSavedLoadedAndDisposed()
    {
        SampleProcess run = SampleProcess.Run("benchmark", "load", "--seconds", "4", "--threads", "64", "--others", "2", "--warm-up", "0", "--json");
        Assert.AreEqual(0, run.ExitCode, run.Error);
        Assert.IsFalse(run.Error.Contains("NNPACK", StringComparison.Ordinal), run.Error); // which libtorch complains of, once a convolution
        Assert.AreEqual(run.Json.GetProperty("images").GetInt32(), run.Json.GetProperty("distinctScores").GetInt32());
        Assert.AreEqual(0, run.Json.GetProperty("errors").GetArrayLength());
        Assert.IsGreaterThan(64, run.Json.GetProperty("predictions").GetInt64());
        Assert.IsGreaterThan(0, run.Json.GetProperty("reloads").GetInt32());
        // The 64, those beside them, and the runtime's own, but no team of libtorch's for each.
        Assert.IsLessThan(64 + 4 + 40 + (4 * Environment.ProcessorCount), run.Json.GetProperty("mostThreads").GetInt32());
    }

    [TestMethod]
    public void ModelDisposedUnderManyThreadsGivesRightScoresAndThenRefuses()
    {
        using VitTransformer trained = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(EstimatorConformanceTests.Keyed(s_ml));
        PixelRow row = TestImages.Pixels(1).Single();
        float[] expected = Engine(trained).Predict(row).Score;
        for (int round = 0; round < 20; round++)
        {
            VitTransformer model = trained.WithPrecision(VitPrecision.Float32);
            var wrong = new ConcurrentQueue<string>();
            int refused = 0;
            using var started = new CountdownEvent(16);
            Thread[] threads = [.. Enumerable.Range(0, 16).Select(_ => new Thread(() =>
            {
                try
                {
                    PredictionEngine<PixelRow, VitTransformerTests.Scores> engine = Engine(model);
                    started.Signal();
                    while (true)
                    {
                        if (!engine.Predict(row).Score.SequenceEqual(expected))
                        {
                            wrong.Enqueue("other scores");
                        }
                    }
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref refused);
                }
                catch (Exception e)
                {
                    wrong.Enqueue(e.ToString());
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            started.Wait();
            Thread.Sleep(2);
            model.Dispose();
            Array.ForEach(threads, thread => thread.Join());
            Assert.IsEmpty(wrong, wrong.FirstOrDefault());
            Assert.AreEqual(16, refused);
        }
    }

    [TestMethod]
    public void DisposedModelRefusesEverythingThatNeedsItsWeights()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data);
        PredictionEngine<PixelRow, VitTransformerTests.Scores> engine = Engine(model);
        model.Dispose();
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], TestImages.Png(TestImages.Pixels(1).Single().Features, 16));
        Assert.ThrowsExactly<ObjectDisposedException>(() => engine.Predict(TestImages.Pixels(1).Single()));
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Explain(folder["a.png"]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.WithPrecision(VitPrecision.BFloat16));
        Assert.ThrowsExactly<ObjectDisposedException>(() => s_ml.Model.Save(model, data.Schema, folder["model.zip"]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.SavePretrained(folder["out"], CheckpointLayout.Timm));
    }

    private static PredictionEngine<PixelRow, VitTransformerTests.Scores> Engine(VitTransformer model) =>
        new MLContext().Model.CreatePredictionEngine<PixelRow, VitTransformerTests.Scores>(model, new PredictionEngineOptions { OwnsTransformer = false });
}
