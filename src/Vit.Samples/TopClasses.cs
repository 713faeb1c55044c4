using System.Text.Json.Nodes;
using Microsoft.ML;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>The most probable classes of image files, as a table and as JSON.</summary>
internal static class TopClasses
{
    private const int Top = 5;

    /// <summary>Files that are there.</summary>
    /// <exception cref="FileNotFoundException">One is missing.</exception>
    public static string[] Existing(string[] files) =>
        files.FirstOrDefault(file => !File.Exists(file)) is { } missing ? throw new FileNotFoundException($"The image {missing} does not exist.") : files;

    /// <summary>Scores the files by a model over the column ImagePath and ends the run.</summary>
    public static void Report(SampleRun run, string sample, MLContext ml, ITransformer model, string[] files)
    {
        var predictions = new JsonArray();
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("image", "label", "score");
        foreach ((string image, IReadOnlyList<(string Label, float Score)> classes) in Scores.Of(ml, model, files))
        {
            var top = new JsonArray();
            foreach ((string label, float score) in classes.Take(Top))
            {
                table.AddRow(top.Count == 0 ? Markup.Escape(image) : "", Markup.Escape(label), $"{score:0.0000}");
                top.Add(new JsonObject { ["label"] = label, ["score"] = score });
            }
            predictions.Add(new JsonObject { ["image"] = image, ["top"] = top });
        }
        run.Console.Write(table);
        run.Finish(sample, new JsonObject { ["predictions"] = predictions });
    }
}
