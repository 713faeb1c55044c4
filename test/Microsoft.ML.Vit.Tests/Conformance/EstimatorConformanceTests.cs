using Microsoft.ML.Data;

namespace Microsoft.ML.Vit.Tests.Conformance;

/// <summary>What ML.NET's own conformance test asks of every estimator, for each type that the image column may have.</summary>
[TestClass]
public class EstimatorConformanceTests
{
    public static IEnumerable<object[]> Columns => [["floats"], ["bytes"], ["paths"], ["images"], ["resized images"]];

    [TestMethod]
    [DynamicData(nameof(Columns))]
    public void SchemaShapePropagatesAsItTurnsOut(string column)
    {
        using var data = new ImageColumnData(column);
        VitTrainer trainer = data.Context.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 });
        SchemaShape promised = trainer.GetOutputSchema(SchemaShape.Create(data.View.Schema));
        using VitTransformer transformer = trainer.Fit(data.View);
        SchemaShape found = SchemaShape.Create(transformer.GetOutputSchema(data.View.Schema));
        AssertSame(promised, found);
        AssertSame(promised, SchemaShape.Create(transformer.Transform(data.View).Schema));
        AssertSame(promised, SchemaShape.Create(((ITransformer)transformer).GetRowToRowMapper(data.View.Schema).OutputSchema));
    }

    [TestMethod]
    [DynamicData(nameof(Columns))]
    public void ReloadedModelGivesSameScores(string column)
    {
        using var data = new ImageColumnData(column);
        using VitTransformer transformer = data.Context.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data.View);
        using var folder = new TemporaryFolder();
        data.Context.Model.Save(transformer, data.View.Schema, folder["model.zip"]);

        var other = new MLContext();
        using var reloaded = (VitTransformer)other.Model.Load(folder["model.zip"], out _);
        AssertSameRows(transformer.Transform(data.View), reloaded.Transform(data.View));
        Assert.AreEqual(transformer.Model, reloaded.Model);
        Assert.AreEqual(transformer.Preprocessing.Size, reloaded.Preprocessing.Size);
        CollectionAssert.AreEqual(transformer.ClassNames.ToArray(), reloaded.ClassNames.ToArray());
        CollectionAssert.AreEqual(transformer.History.ToArray(), reloaded.History.ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Columns))]
    public void RowByRowScoresEqualBatchedOnes(string column)
    {
        using var data = new ImageColumnData(column);
        using VitTransformer transformer = data.Context.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(data.View);
        float[][] batched = [.. transformer.Transform(data.View).GetColumn<float[]>("Score")];
        IRowToRowMapper mapper = ((ITransformer)transformer).GetRowToRowMapper(data.View.Schema);
        using DataViewRowCursor cursor = data.View.GetRowCursor(data.View.Schema);
        using DataViewRow row = mapper.GetRow(cursor, mapper.OutputSchema);
        ValueGetter<VBuffer<float>> getter = row.GetGetter<VBuffer<float>>(mapper.OutputSchema["Score"]);
        int index = 0;
        while (cursor.MoveNext())
        {
            VBuffer<float> score = default;
            getter(ref score);
            float[] single = score.DenseValues().ToArray();
            for (int i = 0; i < single.Length; i++)
            {
                Assert.AreEqual(batched[index][i], single[i], 1e-5f);
            }
            index++;
        }
        Assert.AreEqual(batched.Length, index);
    }

    [TestMethod]
    public void MissingColumnsAreRefusedByEstimatorTrainerAndTransformer()
    {
        var ml = new MLContext(1);
        IDataView data = Keyed(ml);
        VitTrainer trainer = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 });
        foreach ((string kept, string role, string missing) in new[] { ("Features", "label", "Label"), ("Label", "feature", "Features") })
        {
            IDataView without = ml.Transforms.SelectColumns(kept).Fit(data).Transform(data);
            foreach (Action action in new Action[] { () => trainer.Fit(without), () => trainer.GetOutputSchema(SchemaShape.Create(without.Schema)) })
            {
                ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(action);
                StringAssert.Contains(e.Message, $"Could not find {role} column '{missing}'");
            }
        }
        using VitTransformer transformer = trainer.Fit(data);
        IDataView labels = ml.Transforms.SelectColumns("Label").Fit(data).Transform(data);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.GetOutputSchema(labels.Schema));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.Transform(labels));
    }

    [TestMethod]
    public void WrongColumnTypesAreRefusedInOneForm()
    {
        var ml = new MLContext(1);
        IDataView text = ml.Data.LoadFromEnumerable(TestImages.Pixels(6));
        VitTrainer trainer = ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions);
        ArgumentOutOfRangeException label = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(text));
        StringAssert.Contains(label.Message, "Schema mismatch for label column 'Label': expected key");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.GetOutputSchema(SchemaShape.Create(text.Schema)));

        IDataView number = ml.Transforms.Conversion.MapValueToKey("Label").Fit(text).Transform(text);
        VitTrainer wrong = ml.MulticlassClassification.Trainers.Vit(featureColumnName: "Number");
        ArgumentOutOfRangeException feature = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => wrong.Fit(number));
        StringAssert.Contains(feature.Message, "Schema mismatch for feature column 'Number': expected image");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => wrong.GetOutputSchema(SchemaShape.Create(number.Schema)));
    }

    /// <summary>Rows of floats with the label as a key.</summary>
    internal static IDataView Keyed(MLContext ml, int count = 12)
    {
        IDataView data = ml.Data.LoadFromEnumerable(TestImages.Pixels(count));
        return ml.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);
    }

    private static void AssertSame(SchemaShape expected, SchemaShape found)
    {
        CollectionAssert.AreEquivalent(Described(expected), Described(found));
    }

    private static string[] Described(SchemaShape shape) =>
        [.. shape.Select(c => $"{c.Name}: {c.Kind} {c.ItemType} {c.IsKey} {{{string.Join("; ", Described(c.Annotations).Order())}}}")];

    private static void AssertSameRows(IDataView expected, IDataView found)
    {
        CollectionAssert.AreEqual(expected.GetColumn<uint>("PredictedLabel").ToArray(), found.GetColumn<uint>("PredictedLabel").ToArray());
        float[] scores = [.. expected.GetColumn<float[]>("Score").SelectMany(s => s)];
        CollectionAssert.AreEqual(scores, found.GetColumn<float[]>("Score").SelectMany(s => s).ToArray());
    }
}
