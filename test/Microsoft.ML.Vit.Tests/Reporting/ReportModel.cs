using System.Xml;
using System.Xml.Linq;
using Microsoft.ML.Data;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using TorchSharp;

namespace Microsoft.ML.Vit.Tests.Reporting;

/// <summary>Models of made-up classes and histories, rows that they might have scored, and reports read back.</summary>
internal static class ReportModel
{
    /// <summary>A model that never learned anything.</summary>
    public static VitTransformer Of(MLContext ml, IReadOnlyList<string> classes, IReadOnlyList<EpochMetrics> history)
    {
        VitConfig config = TestImages.TinyModel with { Classes = classes.Count };
        var description = new ClassifierDescription
        {
            Model = config,
            Preprocessing = new Preprocessing { Size = 16 },
            FeatureColumn = "Features",
            PredictedLabelColumn = "PredictedLabel",
            ScoreColumn = "Score",
            LabelType = "Text",
            Labels = classes,
            ScoringBatchSize = 4,
            History = history,
        };
        return new VitTransformer(ml, description, new VisionTransformer(config, generator: null), torch.CPU);
    }

    /// <summary>Rows as a model of these classes would score them.</summary>
    public static IDataView Scored(MLContext ml, int classes, IEnumerable<ScoredImage> rows)
    {
        var schema = SchemaDefinition.Create(typeof(ScoredImage));
        schema["Score"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, classes);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    /// <summary>A training as it usually goes.</summary>
    public static EpochMetrics[] History(int epochs, bool validation = true) => [.. Enumerable.Range(1, epochs).Select(epoch => new EpochMetrics
    {
        Epoch = epoch,
        Epochs = epochs,
        TrainingLoss = 4.6 * Math.Exp(-3.0 * epoch / epochs),
        TrainingAccuracy = 1 - Math.Exp(-3.0 * epoch / epochs),
        ValidationLoss = validation ? (4.6 * Math.Exp(-2.6 * epoch / epochs)) + (0.4 * epoch / epochs) : null,
        ValidationAccuracy = validation ? 0.92 - (0.9 * Math.Exp(-3.0 * epoch / epochs)) + (0.01 * Math.Sin(epoch)) : null,
        LearningRate = 1e-3 * (1 + Math.Cos(Math.PI * epoch / epochs)),
        ImagesPerSecond = 220 + (5 * Math.Cos(epoch)),
        SecondsLeft = 0,
    })];

    /// <summary>Scored images of many classes, most of them right; mistakes lie mostly with the neighbouring class.</summary>
    public static IEnumerable<ScoredImage> Images(IReadOnlyList<string> classes, int count, int seed = 1)
    {
        var random = new Random(seed);
        float[][] pixels = [.. TestImages.Pixels(12).Select(row => row.Features)];
        for (int i = 0; i < count; i++)
        {
            int actual = i % classes.Count;
            int favoured = random.NextDouble() < 0.75 ? actual : random.NextDouble() < 0.7 ? (actual + 1) % classes.Count : random.Next(classes.Count);
            double[] odds = [.. classes.Select((_, c) => random.NextDouble() + (c == favoured ? classes.Count * (0.3 + (4 * random.NextDouble())) : 0))];
            double sum = odds.Sum();
            yield return new ScoredImage { Label = classes[actual], Score = [.. odds.Select(odd => (float)(odd / sum))], Features = pixels[i % pixels.Length], ImagePath = $"/home/someone/{classes[actual]}/{i:D4}.png" };
        }
    }

    /// <summary>The report as XML, which its HTML also is.</summary>
    public static XDocument Read(string path)
    {
        using var reader = XmlReader.Create(path, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }

    /// <summary>The elements of a name and a class.</summary>
    public static IEnumerable<XElement> Find(this XContainer within, string name, string style) =>
        within.Descendants(name).Where(element => ((string?)element.Attribute("class"))?.Split(' ').Contains(style) == true);
}
