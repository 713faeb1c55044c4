using System.Diagnostics;
using System.Text.Json.Nodes;

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
}
