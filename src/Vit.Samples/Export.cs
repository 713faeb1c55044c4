using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>Writes a saved model as a checkpoint for Python.</summary>
internal sealed class Export : Command
{
    private static readonly string Layouts = string.Join(", ", Enum.GetNames<CheckpointLayout>()).ToLowerInvariant();

    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model (.zip) that a sample saved." };
    private readonly Option<string> output = new("--out") { Required = true, HelpName = "DIR", Description = "Where the checkpoint goes." };
    private readonly Option<string> layout = new("--layout") { Required = true, HelpName = "NAME", Description = $"Whose form: {Layouts}." };

    public Export() : base("export", "Writes a saved model as a checkpoint that timm, transformers or torchvision opens.")
    {
        Add(model);
        Add(output);
        Add(layout);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string name = run.Arguments.GetRequiredValue(layout);
        if (!Enum.TryParse(name, ignoreCase: true, out CheckpointLayout asked) || !Enum.IsDefined(asked))
        {
            throw new ArgumentException($"--layout {name} is not known; expected one of {Layouts}.");
        }
        string folder = Path.GetFullPath(run.Arguments.GetRequiredValue(output));
        var ml = new MLContext(1);
        ITransformer loaded = ModelFile.Load(ml, run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        VitTransformer vit = loaded as VitTransformer ?? ((IEnumerable<ITransformer>)loaded).OfType<VitTransformer>().Single();
        vit.SavePretrained(folder, asked);
        run.Console.WriteLine($"Wrote {string.Join(", ", Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order())} to {folder}");
        run.Finish("export", new JsonObject { ["folder"] = folder, ["layout"] = asked.ToString().ToLowerInvariant() });
    }
}
