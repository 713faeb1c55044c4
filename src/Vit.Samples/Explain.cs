using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>Which parts of a picture a saved model's prediction rests on, as a picture.</summary>
internal sealed class Explain : Command
{
    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model (.zip) that a sample saved." };
    private readonly Argument<string> image = new("IMAGE") { Description = "An image file." };
    private readonly Option<string> output = new("--out") { Required = true, HelpName = "PNG", Description = "Where the picture goes." };
    private readonly Option<string?> label = new("--class") { HelpName = "NAME", Description = "The class to explain. Default: the most probable one." };
    private readonly Option<ExplanationMethod> method = new("--method") { Description = "Relevance, for one class, or Rollout of the attention.", DefaultValueFactory = _ => ExplanationMethod.Relevance };

    public Explain() : base("explain", "Which parts of a picture a saved model's prediction rests on, as a picture.")
    {
        foreach (Option option in (Option[])[model, output, label, method])
        {
            Add(option);
        }
        Add(image);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string file = TopClasses.Existing([run.Arguments.GetRequiredValue(image)])[0];
        string target = ModelFile.Prepare(run.Arguments.GetRequiredValue(output));
        ITransformer loaded = ModelFile.Load(new MLContext(1), run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        VitTransformer vit = ((IEnumerable<ITransformer>)loaded).OfType<VitTransformer>().Single();
        Explanation explanation = vit.Explain(file, ClassOf(vit, run.Arguments.GetValue(label)));
        using MLImage overlay = explanation.Overlay(run.Arguments.GetValue(method));
        overlay.Save(target);
        run.Console.WriteLine($"{explanation.ClassName} {explanation.Probability:F4}; {target}");
        run.Finish("explain", new JsonObject
        {
            ["image"] = file,
            ["label"] = explanation.ClassName,
            ["score"] = explanation.Probability,
            ["grid"] = new JsonArray(explanation.Grid.Height, explanation.Grid.Width),
            ["relevance"] = new JsonArray([.. explanation.Relevance.Select(value => JsonValue.Create(value))]),
            ["rollout"] = new JsonArray([.. explanation.Rollout.Select(value => JsonValue.Create(value))]),
            ["out"] = target,
        });
    }

    private static int? ClassOf(VitTransformer vit, string? name)
    {
        if (name == null)
        {
            return null;
        }
        int index = vit.ClassNames.ToList().IndexOf(name);
        return index >= 0 ? index : throw new ArgumentException($"--class {name} is not one of the model's classes: {string.Join(", ", vit.ClassNames)}.");
    }
}
