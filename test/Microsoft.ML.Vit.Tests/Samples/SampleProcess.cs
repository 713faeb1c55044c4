using System.Diagnostics;
using System.Text.Json;
using Vit.Samples;

namespace Microsoft.ML.Vit.Tests.Samples;

/// <summary>The samples as a user runs them: a process with arguments, two streams and an exit code.</summary>
internal sealed record SampleProcess(int ExitCode, string Output, string Error)
{
    /// <summary>The last line of standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output.TrimEnd().Split('\n')[^1]).RootElement;

    /// <summary>How to start them; the first argument is the program, the samples' dll beside the tests.</summary>
    public static ProcessStartInfo Command(params string[] arguments) =>
        new("dotnet", [typeof(ShapeImages).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };

    public static Process Start(params string[] arguments) => Process.Start(Command(arguments))!;

    public static SampleProcess Run(params string[] arguments) => Run(Command(arguments));

    public static SampleProcess Run(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        return Finish(process);
    }

    /// <summary>Waits for one that is under way.</summary>
    public static SampleProcess Finish(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new SampleProcess(process.ExitCode, output, error.Result);
    }
}
