using System.CommandLine;
using System.CommandLine.Invocation;
using Vit.Samples;
using Vit.Samples.Benchmarks;
using Vit.Samples.ModelBuilder;

var quickstart = new Quickstart();
var root = new RootCommand("Vision Transformers in ML.NET pipelines. Without a sample named, the quickstart runs.")
{
    quickstart, new Readme(), new Train(), new Evaluate(), new Predict(), new Explain(), new Quantize(), new Classify(), new Export(), new CrossValidate(), new ModelBuilderSample(), new Cifar10(), new Benchmarks(), SampleRun.Json,
};
root.Action = quickstart.Action;
foreach (Option option in quickstart.Options)
{
    root.Add(option);
}

// Ctrl+C reaches the sample as a cancelled token; training stops within a batch, and temporary files go before the process does.
var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
ParseResult arguments = root.Parse(args);
if (arguments.Action is ParseErrorAction)
{
    Console.Error.WriteLine($"error: {string.Join(' ', arguments.Errors.Select(error => error.Message))} (--help tells more)");
    return 1;
}
return await arguments.InvokeAsync(configuration);
