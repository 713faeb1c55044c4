using System.Text.Json.Nodes;
using Microsoft.ML;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>What a way of learning reached on images it has not seen; over several splits, the mean of each.</summary>
internal sealed record Mark(string Data, string Way, double Accuracy, double Seconds, string Extent)
{
    /// <summary>Learns and is tested on each split in turn, and prints how it went.</summary>
    public static Mark Of(SampleRun run, MLContext ml, string data, IReadOnlyList<ImageSplit> splits, Way way)
    {
        var results = new List<(double Accuracy, Fitted Fitted)>();
        foreach (ImageSplit split in splits)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            Fitted fitted = way.Fit(ml.Data.LoadFromEnumerable(split.Train));
            using var disposable = fitted.Model as IDisposable;
            double accuracy = ml.MulticlassClassification.Evaluate(fitted.Model.Transform(ml.Data.LoadFromEnumerable(split.Test))).MicroAccuracy;
            results.Add((accuracy, fitted));
            run.Console.Profile.Out.Writer.WriteLine($"{data}, {way.Name}: accuracy {accuracy:0.0000} on {split.Test.Count} images after {fitted.Seconds:0.0} s ({fitted.Extent}) with {split.Train.Count}");
        }
        return new Mark(data, way.Name, results.Average(result => result.Accuracy), results.Average(result => result.Fitted.Seconds), results[^1].Fitted.Extent);
    }

    /// <summary>Prints marks as a table and gives them as JSON.</summary>
    public static JsonArray Report(SampleRun run, IReadOnlyList<Mark> marks)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("data", "way", "accuracy", "seconds", "in that time");
        foreach (Mark mark in marks)
        {
            table.AddRow(Markup.Escape(mark.Data), Markup.Escape(mark.Way), $"{mark.Accuracy:0.0000}", $"{mark.Seconds:0.0}", mark.Extent);
        }
        run.Console.Write(table);
        return [.. marks.Select(mark => (JsonNode)new JsonObject
        {
            ["data"] = mark.Data,
            ["way"] = mark.Way,
            ["accuracy"] = mark.Accuracy,
            ["seconds"] = Math.Round(mark.Seconds, 3),
            ["extent"] = mark.Extent,
        })];
    }
}
