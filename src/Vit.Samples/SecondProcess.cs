using System.Diagnostics;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>This program once more, in a process of its own.</summary>
internal static class SecondProcess
{
    /// <summary>Runs <c>predict --json</c> and returns its predictions.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said.</exception>
    public static JsonArray Predict(string model, IEnumerable<string> images, CancellationToken cancellation)
    {
        string self = Environment.ProcessPath!;
        // Started as "dotnet Vit.Samples.dll", the process is dotnet's.
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(SecondProcess).Assembly.Location] : [self];
        var start = new ProcessStartInfo(program[0], [.. program[1..], "predict", "--json", "--model", model, .. images]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        using CancellationTokenRegistration kill = cancellation.Register(() => process.Kill());
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode == 0
            ? JsonNode.Parse(output.TrimEnd().Split('\n')[^1])!["predictions"]!.AsArray()
            : throw new InvalidOperationException($"The second process ended with {process.ExitCode}: {errors.Result}");
    }

    /// <summary>Prints both processes' best classes.</summary>
    /// <exception cref="InvalidOperationException">They differ: another label, or a score by more than 1e-6.</exception>
    public static void Compare(IAnsiConsole console, IReadOnlyList<(string Image, IReadOnlyList<(string Label, float Score)> Classes)> here, JsonArray there)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("image", "here", "second process");
        for (int i = 0; i < here.Count; i++)
        {
            (string label, float score) = here[i].Classes[0];
            JsonNode other = there[i]!["top"]![0]!;
            (string otherLabel, float otherScore) = ((string)other["label"]!, (float)other["score"]!);
            if (label != otherLabel || Math.Abs(score - otherScore) > 1e-6)
            {
                throw new InvalidOperationException($"{here[i].Image} is {label} ({score}) here and {otherLabel} ({otherScore}) in the second process.");
            }
            table.AddRow(Markup.Escape($"{Path.GetFileName(Path.GetDirectoryName(here[i].Image))}/{Path.GetFileName(here[i].Image)}"), $"{label} {score:0.0000}", $"{otherLabel} {otherScore:0.0000}");
        }
        console.Write(table);
    }
}
