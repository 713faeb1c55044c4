using System.CommandLine;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>One run of a sample: its arguments, where it writes, what stops it, how it ends.</summary>
internal sealed class SampleRun
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Stopwatch watch = Stopwatch.StartNew();

    private SampleRun(ParseResult arguments, CancellationToken cancellation)
    {
        Arguments = arguments;
        Cancellation = cancellation;
        // With --json standard output belongs to the JSON line; what people read goes to standard error.
        TextWriter writer = arguments.GetValue(Json) ? System.Console.Error : System.Console.Out;
        Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (!Console.Profile.Out.IsTerminal)
        {
            // Nobody's window is too narrow for a file.
            Console.Profile.Width = 200;
        }
    }

    /// <summary>Every sample takes it.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "End standard output with one line of JSON; all else goes to standard error.", Recursive = true };

    public ParseResult Arguments { get; }

    public CancellationToken Cancellation { get; }

    public IAnsiConsole Console { get; }

    /// <summary>Makes the command run the sample: 0 is success, 1 a failure told in one line on standard error, 130 Ctrl+C.</summary>
    public static void Set(Command command, Action<SampleRun> sample)
    {
        command.SetAction((arguments, cancellation) => Task.Run(() => Run(sample, new SampleRun(arguments, cancellation)), CancellationToken.None));
    }

    /// <summary>Prints the JSON line, if asked for. Nothing may be printed after it.</summary>
    public void Finish(string sample, JsonObject figures)
    {
        if (Arguments.GetValue(Json))
        {
            figures.Insert(0, "sample", sample);
            figures.Insert(1, "seconds", Math.Round(watch.Elapsed.TotalSeconds, 3));
            System.Console.Out.WriteLine(figures.ToJsonString(OneLine));
        }
    }

    /// <summary>The exception that tells what happened, without what reflection and ML.NET's worker threads wrap around it.</summary>
    public static Exception Cause(Exception e) =>
        e.InnerException is { } inner && (e is TargetInvocationException or AggregateException || e.Message.StartsWith("Splitter/consolidator", StringComparison.Ordinal)) ? Cause(inner) : e;

    private static int Run(Action<SampleRun> sample, SampleRun run)
    {
        try
        {
            sample(run);
            return 0;
        }
        catch (OperationCanceledException)
        {
            System.Console.Error.WriteLine("cancelled");
            return 130;
        }
        // What a user can put right; anything else is a defect, and its trace is shown.
        catch (Exception e) when (Cause(e) is IOException or UnauthorizedAccessException or FormatException or InvalidDataException
            or ArgumentException or InvalidOperationException or NotSupportedException or DllNotFoundException)
        {
            System.Console.Error.WriteLine("error: " + Cause(e).Message.ReplaceLineEndings(" "));
            return 1;
        }
    }
}
