using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Reporting;
using Microsoft.ML.Vit.Tests.Conformance;
using Microsoft.ML.Vit.Tests.Reporting;
using SkiaSharp;

namespace Microsoft.ML.Vit.Tests;

[TestClass]
public partial class VitReportTests
{
    private static readonly MLContext s_ml = new(seed: 1);

    [TestMethod]
    public void TheReportIsWellFormedAndRefersToNothing()
    {
        string[] classes = ["<script>alert(1)</script>", "\" onload='x", "a&b", "]]>", "\u0001bell\uD800", ""];
        using var folder = new TemporaryFolder();
        XDocument report = Written(folder, classes, ReportModel.History(5), ReportModel.Images(classes, 60));
        string text = File.ReadAllText(folder["a.report.html"]);
        StringAssert.StartsWith(text, "<!DOCTYPE html");
        Assert.IsFalse(Pictures().Replace(text, "").Contains("//", StringComparison.Ordinal));
        Assert.IsFalse(report.Descendants("script").Any());
        foreach (XAttribute attribute in report.Descendants().Attributes().Where(a => !a.Value.StartsWith("data:image/png;base64,", StringComparison.Ordinal)))
        {
            Assert.IsFalse(attribute.Name.LocalName is "href" or "src" || attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal), attribute.ToString());
            Assert.IsFalse(attribute.Value.Contains("//", StringComparison.Ordinal) || attribute.Value.Contains("url(", StringComparison.Ordinal), attribute.ToString());
        }
        // What is escaped in a style sheet, browsers do not read as CSS.
        string style = report.Descendants("style").Single().Value;
        Assert.IsFalse(style.Contains("url(", StringComparison.Ordinal) || style.AsSpan().ContainsAny('<', '>', '&'));
        Assert.IsTrue(report.Descendants("th").Any(th => th.Value == classes[0]));
        Assert.AreEqual("a", report.Descendants("h1").Single().Value);
    }

    [TestMethod]
    public void AccuracyAndConfusionsAreThoseOfMLNet()
    {
        using var folder = new TemporaryFolder();
        using VitTransformer model = s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1 }).Fit(EstimatorConformanceTests.Keyed(s_ml));
        IDataView scored = model.Transform(EstimatorConformanceTests.Keyed(s_ml, 60));
        VitReport.Save(folder["m.html"], model, scored);
        MulticlassClassificationMetrics expected = s_ml.MulticlassClassification.Evaluate(scored);
        XDocument report = ReportModel.Read(folder["m.html"]);
        CollectionAssert.AreEqual(
            expected.ConfusionMatrix.Counts.SelectMany(row => row).ToArray(),
            report.Find("table", "confusion").Single().Descendants("td").Where(td => (string?)td.Attribute("class") != "share").Select(td => td.Value.Length == 0 ? 0 : double.Parse(td.Value)).ToArray());
        Dictionary<string, string> tiles = report.Find("div", "tile").ToDictionary(tile => tile.Element("span")!.Value, tile => tile.Element("strong")!.Value);
        Assert.AreEqual(FormattableString.Invariant($"{expected.MicroAccuracy:0.0%}"), tiles["Accuracy"]);
        Assert.AreEqual(FormattableString.Invariant($"{expected.MacroAccuracy:0.0%}"), tiles["Macro accuracy"]);
        Assert.AreEqual(Figures.Number(expected.LogLoss), tiles["Log-loss"]);
    }

    [TestMethod]
    public void TheMistakesShownAreTheMostConfidentOnes()
    {
        string[] classes = ["a", "b", "c", "d"];
        using var folder = new TemporaryFolder();
        ScoredImage[] rows = [.. ReportModel.Images(classes, 80)];
        XDocument report = Written(folder, classes, [], rows, mistakes: 6);
        string[] expected = [.. rows.Where(row => Predicted(classes, row) != row.Label).OrderByDescending(row => row.Score.Max()).Take(6)
            .Select(row => $"{Predicted(classes, row)} {row.Label} {string.Join('/', row.ImagePath.Split('/')[^2..])}")];
        string[] shown = [.. report.Find("ul", "mistakes").Single().Elements("li").Select(li => $"{string.Join(' ', li.Find("dd", "class").Select(dd => dd.Value))} {li.Find("dd", "where").Single().Value}")];
        CollectionAssert.AreEqual(expected, shown);
        foreach (XElement picture in report.Descendants("img"))
        {
            using SKBitmap bitmap = SKBitmap.Decode(Convert.FromBase64String(((string)picture.Attribute("src")!)["data:image/png;base64,".Length..]));
            Assert.AreEqual(16, bitmap.Width);
        }
    }

    [TestMethod]
    [DynamicData(nameof(EstimatorConformanceTests.Columns), typeof(EstimatorConformanceTests))]
    public void EveryKindOfImageHasItsPicture(string column)
    {
        using var data = new ImageColumnData(column);
        using var folder = new TemporaryFolder();
        using VitTransformer model = data.Context.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions with { Epochs = 1, Optimizer = new SgdOptimizer { LearningRate = 1e-9 } }).Fit(data.View);
        VitReport.Save(folder["r.html"], model, model.Transform(data.View));
        XElement[] mistakes = [.. ReportModel.Read(folder["r.html"]).Find("ul", "mistakes").Single().Elements("li")];
        Assert.IsNotEmpty(mistakes);
        foreach (XElement mistake in mistakes)
        {
            (string colour, byte red, byte green, byte blue) = TestImages.Classes.Single(c => mistake.Find("dd", "where").Single().Value.StartsWith(c.Name, StringComparison.Ordinal));
            using SKBitmap bitmap = SKBitmap.Decode(Convert.FromBase64String(((string)mistake.Descendants("img").Single().Attribute("src")!)["data:image/png;base64,".Length..]));
            double[] mean = [bitmap.Pixels.Average(p => p.Red), bitmap.Pixels.Average(p => p.Green), bitmap.Pixels.Average(p => p.Blue)];
            Assert.IsTrue(Math.Abs(mean[0] - red) < 10 && Math.Abs(mean[1] - green) < 10 && Math.Abs(mean[2] - blue) < 10, $"{colour}: {string.Join(", ", mean)}");
        }
    }

    [TestMethod]
    public void RowsOfUnknownClassesAreLeftOutAndCounted()
    {
        string[] classes = ["a", "b"];
        using var folder = new TemporaryFolder();
        ScoredImage[] rows = [.. ReportModel.Images(classes, 10), new() { Label = "c", Score = [1, 0], Features = new float[768] }, new() { Label = "a", Score = [float.NaN, 0], Features = new float[768] }];
        XDocument report = Written(folder, classes, [], rows);
        StringAssert.Contains(report.Find("p", "warning").Single().Value, "2 rows");
        using VitTransformer model = ReportModel.Of(s_ml, classes, []);
        IDataView others = s_ml.Transforms.Conversion.MapValueToKey("Label").Fit(ReportModel.Scored(s_ml, 2, rows.Skip(10).Take(1))).Transform(ReportModel.Scored(s_ml, 2, rows));
        ArgumentOutOfRangeException e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => VitReport.Save(folder["b.html"], model, others));
        StringAssert.Contains(e.Message, "None of the values");
    }

    [TestMethod]
    [DataRow(0, false)]
    [DataRow(1, false)]
    [DataRow(1, true)]
    [DataRow(1000, true)]
    public void AnyNumberOfEpochsIsDrawn(int epochs, bool validation)
    {
        using var folder = new TemporaryFolder();
        EpochMetrics[] history = ReportModel.History(epochs, validation);
        history = [.. history.Select(epoch => epoch.Epoch == 3 ? epoch with { ValidationLoss = double.NaN, ImagesPerSecond = double.PositiveInfinity } : epoch)];
        using VitTransformer model = ReportModel.Of(s_ml, ["a", "b"], history);
        VitReport.Save(folder["r.html"], model);
        XDocument report = ReportModel.Read(folder["r.html"]);
        string text = File.ReadAllText(folder["r.html"]);
        Assert.IsFalse(text.Contains("NaN", StringComparison.Ordinal) || text.Contains('∞', StringComparison.Ordinal) || text.Contains("Infinity", StringComparison.Ordinal));
        Assert.AreEqual(epochs == 0 ? 0 : 4, report.Descendants("svg").Count());
        Assert.AreEqual(epochs > 0 && validation ? 2 : 0, report.Find("path", "validation").Count());
        Assert.AreEqual(epochs > 0 && validation ? 2 : 0, report.Find("line", "kept").Count());
        Assert.IsTrue(report.Find("rect", "strip").Count() <= 4 * 240);
    }

    [TestMethod]
    public void OfManyClassesTheMostConfusedAreShownAndTheRestSummed()
    {
        string[] classes = [.. Enumerable.Range(1, 120).Select(i => $"class {i}")];
        using var folder = new TemporaryFolder();
        ScoredImage[] rows = [.. ReportModel.Images(classes, 1200)];
        XDocument report = Written(folder, classes, ReportModel.History(30), rows);
        XElement[] matrix = [.. report.Find("table", "confusion").Single().Element("tbody")!.Elements("tr")];
        Assert.HasCount(21, matrix);
        Assert.AreEqual("100 others", matrix[^1].Element("th")!.Value);
        foreach (XElement row in matrix)
        {
            int sum = row.Elements("td").Where(td => (string?)td.Attribute("class") != "share").Sum(td => td.Value.Length == 0 ? 0 : int.Parse(td.Value.Replace(",", "", StringComparison.Ordinal)));
            Assert.AreEqual(row == matrix[^1] ? 1000 : 10, sum);
        }
    }

    [TestMethod]
    public void AnOlderReportStaysUntilTheNewOneIsComplete()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["r.html"], "older");
        string[] classes = ["a", "b"];
        using VitTransformer model = ReportModel.Of(s_ml, classes, ReportModel.History(2));
        IDataView scored = ReportModel.Scored(s_ml, 2, ReportModel.Images(classes, 10));
        Assert.ThrowsExactly<OperationCanceledException>(() => VitReport.Save(folder["r.html"], model, scored, cancellationToken: new CancellationToken(canceled: true)));
        Assert.AreEqual("older", File.ReadAllText(folder["r.html"]));
        Assert.Throws<IOException>(() => VitReport.Save(Directory.CreateDirectory(folder["taken.html"]).FullName, model, scored));
        VitReport.Save(folder["r.html"], model, scored);
        ReportModel.Read(folder["r.html"]);
        CollectionAssert.AreEquivalent(new[] { "r.html", "taken.html" }, Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void TheModelIsFoundInAChain()
    {
        using var folder = new TemporaryFolder();
        IDataView rows = s_ml.Data.LoadFromEnumerable(TestImages.Pixels(12));
        using var chain = s_ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(s_ml.Transforms.CopyColumns("Copy", "Label").Append(s_ml.MulticlassClassification.Trainers.Vit(TestImages.TinyOptions)))
            .Append(s_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(rows);
        VitReport.Save(folder["r.html"], chain, chain.Transform(rows));
        Assert.AreEqual("12", ReportModel.Read(folder["r.html"]).Find("div", "tile").Single(tile => tile.Element("span")!.Value == "Mistakes").Element("small")!.Value.Split(' ')[1]);
        ArgumentException e = Assert.ThrowsExactly<ArgumentException>(() => VitReport.Save(folder["r.html"], s_ml.Transforms.CopyColumns("Copy", "Label").Fit(rows)));
        StringAssert.Contains(e.Message, nameof(VitTransformer));
    }

    [GeneratedRegex("data:image/png;base64,[^\"]*")]
    private static partial Regex Pictures();

    private static string Predicted(string[] classes, ScoredImage row) => classes[Array.IndexOf(row.Score, row.Score.Max())];

    private static XDocument Written(TemporaryFolder folder, string[] classes, EpochMetrics[] history, IEnumerable<ScoredImage> rows, int mistakes = 24)
    {
        using VitTransformer model = ReportModel.Of(s_ml, classes, history);
        VitReport.Save(folder["a.report.html"], model, ReportModel.Scored(s_ml, classes.Length, rows), mistakes: mistakes);
        return ReportModel.Read(folder["a.report.html"]);
    }
}
