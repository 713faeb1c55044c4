using Microsoft.ML.Data;
using Microsoft.ML.Vit.Reporting;

namespace Microsoft.ML.Vit.Tests.Reporting;

[TestClass]
public class EvaluationTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void EveryFigureIsMLNets()
    {
        string[] classes = ["a", "b", "c", "d", "e", "f", "g"];
        IDataView scored = ReportModel.Scored(s_ml, classes.Length, ReportModel.Images(classes, 200));
        IDataView keys = s_ml.Data.LoadFromEnumerable(classes.Select(name => new ScoredImage { Label = name, Features = new float[768] }), SchemaDefinition.Create(typeof(ScoredImage)));
        // ML.NET asks for the column of predictions, and counts by the scores.
        scored = s_ml.Transforms.Conversion.MapValueToKey("Label").Append(s_ml.Transforms.CopyColumns("PredictedLabel", "Label")).Fit(keys).Transform(scored);
        var evaluation = ScoredRows.Read(scored, classes, "Label", "Score", new PictureColumn(scored.Schema, null, "Features", new Preprocessing { Size = 16 }), 3, CancellationToken.None);

        MulticlassClassificationMetrics expected = s_ml.MulticlassClassification.Evaluate(scored, topKPredictionCount: 5);
        Assert.AreEqual(expected.MicroAccuracy, evaluation.Accuracy, 1e-12);
        Assert.AreEqual(expected.MacroAccuracy, evaluation.MacroAccuracy, 1e-12);
        Assert.AreEqual(expected.LogLoss, evaluation.LogLoss, 1e-7);
        Assert.AreEqual(expected.TopKAccuracy, evaluation.TopFiveAccuracy, 1e-12);
        for (int i = 0; i < classes.Length; i++)
        {
            Assert.AreEqual(expected.ConfusionMatrix.PerClassRecall[i], evaluation.Recall(i)!.Value, 1e-12);
            Assert.AreEqual(expected.ConfusionMatrix.PerClassPrecision[i], evaluation.Precision(i)!.Value, 1e-12);
            CollectionAssert.AreEqual(expected.ConfusionMatrix.Counts[i].ToArray(), classes.Select((_, j) => (double)evaluation.Taken(i, j)).ToArray());
        }
        Assert.AreEqual(evaluation.Count - evaluation.Right, evaluation.Mistakes.Offered);
        Assert.HasCount(3, evaluation.Mistakes.Kept);
    }

    [TestMethod]
    public void CalibrationErrorIsTheWeightedDistanceOfConfidenceAndAccuracy()
    {
        var calibration = new Calibration();
        calibration.Add(0.95, right: true);
        calibration.Add(0.95, right: false);
        calibration.Add(0.55, right: true);
        calibration.Add(1, right: true);
        // By hand: bin 0.9 to 1 has confidences 2.9, 2 right; bin 0.5 to 0.6 has 0.55, 1 right.
        Assert.AreEqual((0.9 + 0.45) / 4, calibration.Error, 1e-12);
        Assert.AreEqual(3, calibration[9].Count);
    }

    /// <summary>Wilson's interval for 9 of 10 and z = 1.959964, from his formula in Python: 0.59585, 0.98212.</summary>
    [TestMethod]
    public void TheRangeOfAccuracyIsWilsons()
    {
        var evaluation = new Evaluation(["a", "b"], mistakesKept: 0);
        for (int i = 0; i < 10; i++)
        {
            evaluation.Add(i == 0 ? 1 : 0, [0.75f, 0.25f], () => throw new InvalidOperationException("No picture is asked for."));
        }
        Assert.AreEqual(0.59585, evaluation.AccuracyRange.Low, 1e-5);
        Assert.AreEqual(0.98212, evaluation.AccuracyRange.High, 1e-5);
    }

    [TestMethod]
    [DataRow(0, 2.3, "0 0.5 1 1.5 2 2.5")]
    [DataRow(0.94, 0.96, "0.94 0.945 0.95 0.955 0.96")]
    [DataRow(5, 5, "2 3 4 5 6 7 8")]
    [DataRow(0, 0, "0 0.2 0.4 0.6 0.8 1")]
    public void MarksAreRoundNumbersAroundTheValues(double least, double most, string expected)
    {
        Assert.AreEqual(expected, string.Join(' ', AxisTicks.Around(least, most, parts: 5).Values.Select(value => Figures.Number(value))));
    }
}
