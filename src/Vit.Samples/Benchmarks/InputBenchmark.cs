using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>How fast image files become a network's input, beside ML.NET's own way from files to pixels.</summary>
internal sealed class InputBenchmark : Command
{
    private const int Count = 200;

    private readonly Option<string?> data = new("--data") { HelpName = "DIR", Description = "Photographs: one sub-folder per class, or a .tar.gz of such, flowers.tar.gz for example. Default: drawn ones." };
    private readonly Option<int> rounds = new("--rounds") { HelpName = "N", Description = "Turns that each way takes, after eight that do not count.", DefaultValueFactory = _ => 5 };

    public InputBenchmark() : base("input", "Image files to pixels for a network, beside ML.NET's LoadImages, ResizeImages and ExtractPixels.")
    {
        Add(data);
        Add(rounds);
        SampleRun.Set(this, run =>
        {
            int turns = run.Arguments.GetValue(rounds) is >= 1 and var n ? n : throw new ArgumentException("--rounds is below 1.");
            JsonArray rows = Rows(run, run.Arguments.GetValue(data), turns);
            Show(run, rows);
            run.Finish("benchmark input", new JsonObject { ["rows"] = rows, ["cpu"] = Machine.Cpu });
        });
    }

    /// <summary>The rows of a report: the photographs as they are, where there are any, and of 500 x 375 pixels.</summary>
    /// <param name="run">What is under way.</param>
    /// <param name="data">A folder of photographs or an archive; null for drawing some.</param>
    /// <param name="rounds">Turns that each way takes.</param>
    public static JsonArray Rows(SampleRun run, string? data, int rounds)
    {
        using ImageFolder? photographs = data == null ? null : ImageFolder.Open(data, run.Cancellation);
        string[] paths = [.. (photographs?.Images ?? []).Take(Count)];
        DirectoryInfo made = Directory.CreateTempSubdirectory("vit-samples-");
        try
        {
            var meter = new InputMeter(run, rounds);
            var rows = new JsonArray();
            if (photographs != null)
            {
                rows.Add(meter.Measure(Path.GetFileName(data!).Split('.')[0], paths));
            }
            rows.Add(meter.Measure("500x375", Photographs.Write(made.FullName, Count, paths)));
            return rows;
        }
        finally
        {
            made.Delete(recursive: true);
        }
    }

    private static void Show(SampleRun run, JsonArray rows)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("images", "images/s", "ML.NET's", "ratio");
        foreach (JsonNode? row in rows)
        {
            table.AddRow(Markup.Escape($"{row!["model"]}"), $"{row["imagesPerSecond"]}", $"{row["mlnetImagesPerSecond"]}", $"{row["ratio"]} x");
        }
        run.Console.Write(table);
    }
}

// benchmark input --data flowers.tar.gz (two cores, no other work):
//
// ╭─────────┬──────────┬──────────┬────────╮
// │ images  │ images/s │ ML.NET's │ ratio  │
// ├─────────┼──────────┼──────────┼────────┤
// │ flowers │ 1268.8   │ 567.6    │ 2.36 x │
// │ 500x375 │ 1238.5   │ 432      │ 2.85 x │
// ╰─────────┴──────────┴──────────┴────────╯
// {"sample":"benchmark input","seconds":11.9,"rows":[{"model":"flowers","batch":16,"way":"input","imagesPerSecond":1268.8,"mlnetImagesPerSecond":567.6,"ratio":2.36},...],"cpu":"..."}   (with --json)
