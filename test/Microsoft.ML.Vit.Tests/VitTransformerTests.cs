using Microsoft.ML.Data;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public class VitTransformerTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void EvaluateReportsNamesTopKAndAPerfectScoreOnEasyImages()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 20 }).Fit(data);
        MulticlassClassificationMetrics metrics = s_ml.MulticlassClassification.Evaluate(model.Transform(data), topKPredictionCount: 2);
        Assert.AreEqual(1, metrics.MicroAccuracy, 0.05);
        Assert.AreEqual(1, metrics.MacroAccuracy, 0.05);
        Assert.IsTrue(metrics.LogLoss is > 0 and < 0.7, $"log-loss {metrics.LogLoss}");
        Assert.IsTrue(metrics.TopKAccuracy >= metrics.MicroAccuracy);
        StringAssert.Contains(metrics.ConfusionMatrix.GetFormattedConfusionTable(), "red");
    }

    [TestMethod]
    public void ScoresAreASoftmaxInTheOrderOfTheirSlotNames()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 48);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 20 }).Fit(data);
        IDataView scored = s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(model.Transform(data)).Transform(model.Transform(data));
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Score"].GetSlotNames(ref names);
        string[] slots = [.. names.DenseValues().Select(n => n.ToString())];
        CollectionAssert.AreEqual(model.ClassNames.ToArray(), slots);
        string[] predicted = [.. scored.GetColumn<string>("PredictedLabel")];
        float[][] scores = [.. scored.GetColumn<float[]>("Score")];
        for (int i = 0; i < scores.Length; i++)
        {
            Assert.AreEqual(1, scores[i].Sum(), 1e-5);
            Assert.AreEqual(slots[Array.IndexOf(scores[i], scores[i].Max())], predicted[i]);
        }
    }

    [TestMethod]
    public void KeysOfNumbersAndKeysWithoutValuesBothHaveSlotNames()
    {
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12));
        IDataView numbers = s_ml.Transforms.Conversion.MapValueToKey("Key", "Number").Fit(rows).Transform(rows);
        using VitTransformer ofNumbers = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { LabelColumnName = "Key", Epochs = 1 }).Fit(numbers);
        CollectionAssert.AreEqual(Enumerable.Range(0, 12).Select(n => n.ToString()).ToArray(), ofNumbers.ClassNames.ToArray());
        var predicted = (KeyDataViewType)ofNumbers.GetOutputSchema(numbers.Schema)["PredictedLabel"].Type;
        Assert.AreEqual(12ul, predicted.Count);
        IDataView back = s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(ofNumbers.Transform(numbers)).Transform(ofNumbers.Transform(numbers));
        Assert.AreEqual(NumberDataViewType.Int32, back.Schema["PredictedLabel"].Type);

        IDataView valueless = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12).Select(row => new KeyRow { Label = (uint)((row.Number % 3) + 1), Features = row.Features }));
        using VitTransformer ofKeys = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(valueless);
        CollectionAssert.AreEqual(new[] { "1", "2", "3", "4" }, ofKeys.ClassNames.ToArray());
    }

    [TestMethod]
    public void OtherColumnsAndTheOrderOfRowsStay()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 53);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1, ScoringBatchSize = 7 }).Fit(data);
        IDataView scored = model.Transform(data);
        CollectionAssert.AreEqual(Enumerable.Range(0, 53).ToArray(), scored.GetColumn<int>("Number").ToArray());
        Assert.AreEqual(53, scored.GetColumn<float[]>("Score").Count());
        Assert.AreEqual(53, scored.Preview(maxRows: 100).RowView.Length);
    }

    [TestMethod]
    public void NothingIsReadUntilACursorMoves()
    {
        int read = 0;
        IEnumerable<PixelRow> Counted()
        {
            foreach (PixelRow row in TestImages.Pixels(60))
            {
                read++;
                yield return row;
            }
        }
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1, ScoringBatchSize = 4 }).Fit(data);
        IDataView scored = model.Transform(s_ml.Data.LoadFromEnumerable(Counted()));
        Assert.AreEqual(0, read);
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        Assert.AreEqual(0, read);
        cursor.MoveNext();
        Assert.IsTrue(read is >= 4 and <= 12, $"{read} rows read for the first of a batch of 4");
    }

    [TestMethod]
    public void ABrokenFileEndsTheRowsAtItsBatchAndNoEarlierOne()
    {
        using var folder = new TemporaryFolder();
        TestImages.WriteFolder(folder.Path, perClass: 5);
        IDataView images = s_ml.Data.LoadImagesFromFolder(folder.Path);
        IDataView keyed = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(images).Transform(images);
        VitOptions options = TestImages.TinyOptions with { Epochs = 1, ScoringBatchSize = 4, FeatureColumnName = "ImagePath" };
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(options).Fit(keyed);
        string[] paths = [.. keyed.GetColumn<string>("ImagePath")];
        float[][] scores = [.. model.Transform(keyed).GetColumn<float[]>("Score")];
        File.WriteAllBytes(paths[9], [0x89, 0x50, 0x4E, 0x47]);

        var found = new List<float[]>();
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => found.AddRange(model.Transform(keyed).GetColumn<float[]>("Score")));
        StringAssert.Contains(error.Message, paths[9]);
        Assert.HasCount(8, found);
        for (int i = 0; i < found.Count; i++)
        {
            CollectionAssert.AreEqual(scores[i], found[i]);
        }
        // Left while the broken file's batch is read, a cursor throws nothing.
        IDataView scored = model.Transform(keyed);
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        for (int row = 0; row < 5; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
        }
    }

    [TestMethod]
    public void ABatchTakesTheMemoryThatOneBeforeItGaveBack()
    {
        const int Side = 128, Images = 16;
        VitConfig network = TestImages.TinyModel with { ImageSize = Side, PatchSize = Side / 2 };
        var schema = SchemaDefinition.Create(typeof(PixelRow));
        schema[nameof(PixelRow.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3 * Side * Side);
        IDataView images = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(Images, Side).ToArray(), schema);
        IDataView keyed = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(images).Transform(images);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Model = network, Epochs = 1, ScoringBatchSize = Images }).Fit(keyed);
        IDataView scored = model.Transform(keyed);
        float[][] scores = [.. scored.GetColumn<float[]>("Score")];

        long before = GC.GetAllocatedBytesForCurrentThread();
        float[][] again = [.. scored.GetColumn<float[]>("Score")];
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.IsLessThan(Images * Side * Side * 3L * sizeof(float), allocated);
        CollectionAssert.AreEqual(scores.SelectMany(row => row).ToArray(), again.SelectMany(row => row).ToArray());
    }

    [TestMethod]
    public void DisposingTwiceIsSafeAndScoringAfterwardsThrows()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data);
        IDataView scored = model.Transform(data);
        model.Dispose();
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => scored.GetColumn<float[]>("Score").Count());
    }

    [TestMethod]
    public void SixteenEnginesOnSixteenThreadsScoreAsOneThread()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml, 24);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions).Fit(data);
        PixelRow[] rows = [.. TestImages.Pixels(24)];
        float[][] expected = [.. EngineScores(model, rows)];
        float[][][] found = new float[16][][];
        Thread[] threads = [.. Enumerable.Range(0, 16).Select(t => new Thread(() => found[t] = [.. Enumerable.Range(0, 5).SelectMany(_ => EngineScores(model, rows))]))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        foreach (float[][] scores in found)
        {
            for (int i = 0; i < scores.Length; i++)
            {
                CollectionAssert.AreEqual(expected[i % rows.Length], scores[i]);
            }
        }
    }

    [TestMethod]
    public void TwoThousandPredictionsLeaveTensorsAndMemoryAsTheyWere()
    {
        IDataView data = EstimatorConformanceTests.Keyed(s_ml);
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data);
        PixelRow row = TestImages.Pixels(1).Single();
        using PredictionEngine<PixelRow, Scores> engine = Engine(model);
        for (int i = 0; i < 500; i++)
        {
            engine.Predict(row);
        }
        long memory = Leaks.ResidentMemory();
        long left = Leaks.TensorsLeft(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                engine.Predict(row);
            }
        });
        Assert.AreEqual(0, left);
        long grown = Leaks.ResidentMemory() - memory;
        Assert.IsTrue(grown < 16 << 20, $"resident memory grew by {grown >> 10} KiB");
    }

    [TestMethod]
    public void ItIsTheChainsLastTransformerAndDisposedWithIt()
    {
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12));
        TransformerChain<VitTransformer> chain = s_ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 })).Fit(rows);
        VitTransformer last = chain.LastTransformer;
        chain.Dispose();
        chain.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => last.Transform(rows).GetColumn<float[]>("Score").Count());
    }

    private static PredictionEngine<PixelRow, Scores> Engine(VitTransformer model) =>
        new MLContext().Model.CreatePredictionEngine<PixelRow, Scores>(model, new PredictionEngineOptions { OwnsTransformer = false });

    private static IEnumerable<float[]> EngineScores(VitTransformer model, PixelRow[] rows)
    {
        using PredictionEngine<PixelRow, Scores> engine = Engine(model);
        foreach (PixelRow row in rows)
        {
            yield return engine.Predict(row).Score;
        }
    }

    public sealed class Scores
    {
        public float[] Score { get; set; } = [];
    }

    public sealed class KeyRow
    {
        [KeyType(4)]
        public uint Label { get; set; }

        [VectorType(3 * 16 * 16)]
        public float[] Features { get; set; } = [];
    }
}
