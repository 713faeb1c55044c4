using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>Writes a saved model as a checkpoint for Python, or as ONNX.</summary>
internal sealed class Export : Command
{
    private const string Onnx = "onnx";

    private static readonly string Layouts = string.Join(", ", [.. Enum.GetNames<CheckpointLayout>(), Onnx]).ToLowerInvariant();

    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model (.zip) that a sample saved." };
    private readonly Option<string> output = new("--out") { Required = true, HelpName = "DIR", Description = "Where the checkpoint, or model.onnx, goes." };
    private readonly Option<string> layout = new("--layout") { Required = true, HelpName = "NAME", Description = $"Whose form: {Layouts}." };
    private readonly Option<bool> preprocessing = new("--preprocessing") { Description = "With onnx: the graph takes bytes of images of any size and prepares them itself." };

    public Export() : base("export", "Writes a saved model as a checkpoint that timm, transformers or torchvision opens, or as ONNX.")
    {
        Add(model);
        Add(output);
        Add(layout);
        Add(preprocessing);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string name = run.Arguments.GetRequiredValue(layout).ToLowerInvariant();
        if (!Layouts.Split(", ").Contains(name))
        {
            throw new ArgumentException($"--layout {name} is not known; expected one of {Layouts}.");
        }
        if (run.Arguments.GetValue(preprocessing) && name != Onnx)
        {
            throw new ArgumentException($"--preprocessing goes with --layout {Onnx}; --layout is {name}.");
        }
        string folder = Path.GetFullPath(run.Arguments.GetRequiredValue(output));
        var ml = new MLContext(1);
        ITransformer loaded = ModelFile.Load(ml, run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        VitTransformer vit = loaded as VitTransformer ?? ((IEnumerable<ITransformer>)loaded).OfType<VitTransformer>().Single();
        if (name == Onnx)
        {
            Directory.CreateDirectory(folder);
            vit.SaveAsOnnx(Path.Combine(folder, "model.onnx"), new OnnxOptions { IncludePreprocessing = run.Arguments.GetValue(preprocessing) });
        }
        else
        {
            vit.SavePretrained(folder, Enum.Parse<CheckpointLayout>(name, ignoreCase: true));
        }
        run.Console.WriteLine($"Wrote {string.Join(", ", Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order())} to {folder}");
        run.Finish("export", new JsonObject { ["folder"] = folder, ["layout"] = name });
    }
}
