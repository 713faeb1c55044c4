using System.Text.Json.Nodes;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>A line of the table: how many images a second, and how many times as many as another way in the same moments. A ratio is missing where there is nothing to compare with.</summary>
internal sealed record ScoreRow(string Model, int Batch, string Way, double ImagesPerSecond, double? RatioToOnnxRuntime, double? RatioToFp32, double? RatioToMLNet = null)
{
    /// <summary>Prints rows as a table and gives them as JSON.</summary>
    public static JsonArray Report(SampleRun run, IReadOnlyList<ScoreRow> rows)
    {
        Table table = new Table().Border(TableBorder.Rounded);
        foreach (string heading in (string[])["model", "batch", "way", "images/s", "against ONNX Runtime", "against fp32", "against ML.NET"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }
        foreach (ScoreRow row in rows)
        {
            table.AddRow(row.Model, $"{row.Batch}", row.Way, $"{row.ImagesPerSecond:0.0}", Times(row.RatioToOnnxRuntime), Times(row.RatioToFp32), Times(row.RatioToMLNet));
        }
        run.Console.Write(table);
        return [.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["model"] = row.Model,
            ["batch"] = row.Batch,
            ["way"] = row.Way,
            ["imagesPerSecond"] = Math.Round(row.ImagesPerSecond, 2),
            ["ratioToOnnxRuntime"] = Rounded(row.RatioToOnnxRuntime),
            ["ratioToFp32"] = Rounded(row.RatioToFp32),
            ["ratioToMlnet"] = Rounded(row.RatioToMLNet),
        })];
    }

    /// <summary>A row of the input benchmark: image files to pixels, which ONNX Runtime does not do.</summary>
    public static ScoreRow OfInput(JsonNode row) =>
        new((string)row["model"]!, (int)row["batch"]!, (string)row["way"]!, (double)row["imagesPerSecond"]!, null, null, (double)row["ratio"]!);

    private static string Times(double? ratio) => ratio is { } value ? $"{value:0.00} x" : "-";

    private static double? Rounded(double? ratio) => ratio is { } value ? Math.Round(value, 3) : null;
}
