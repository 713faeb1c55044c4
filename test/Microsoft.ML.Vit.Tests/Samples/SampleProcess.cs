using System.Diagnostics;
using System.Text.Json;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>The samples as a user runs them: a process with arguments, two streams and an exit code.</summary>
internal sealed record SampleProcess(int ExitCode, string Output, string Error)
{
    /// <summary>The last line of standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output.TrimEnd().Split('\n')[^1]).RootElement;

    public static SampleProcess Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ShapeImages).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new SampleProcess(process.ExitCode, output, error.Result);
    }
}
