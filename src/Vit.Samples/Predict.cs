using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>The five most probable classes of image files, by a saved model.</summary>
internal sealed class Predict : Command
{
    private const int Top = 5;

    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model (.zip) that a sample saved." };
    private readonly Argument<string[]> images = new("IMAGE") { Arity = ArgumentArity.OneOrMore, Description = "Image files." };

    public Predict() : base("predict", "The five most probable classes of image files, by a saved model.")
    {
        Add(model);
        Add(images);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string[] files = run.Arguments.GetRequiredValue(images);
        if (files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            throw new FileNotFoundException($"The image {missing} does not exist.");
        }
        var ml = new MLContext(1);
        ITransformer loaded = ModelFile.Load(ml, run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;

        var predictions = new JsonArray();
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("image", "label", "score");
        foreach ((string image, IReadOnlyList<(string Label, float Score)> classes) in Scores.Of(ml, loaded, files))
        {
            var top = new JsonArray();
            foreach ((string label, float score) in classes.Take(Top))
            {
                table.AddRow(top.Count == 0 ? Markup.Escape(image) : "", Markup.Escape(label), $"{score:0.0000}");
                top.Add(new JsonObject { ["label"] = label, ["score"] = score });
            }
            predictions.Add(new JsonObject { ["image"] = image, ["top"] = top });
        }
        run.Console.Write(table);
        run.Finish("predict", new JsonObject { ["predictions"] = predictions });
    }
}

// predict --model flowers.zip rose.jpg:
//
// ╭──────────┬────────────┬────────╮
// │ image    │ label      │ score  │
// ├──────────┼────────────┼────────┤
// │ rose.jpg │ tulips     │ 0.5621 │
// │          │ roses      │ 0.3852 │
// │          │ daisy      │ 0.0208 │
// │          │ dandelion  │ 0.0164 │
// │          │ sunflowers │ 0.0155 │
// ╰──────────┴────────────┴────────╯
// {"sample":"predict","seconds":1.597,"predictions":[{"image":"rose.jpg","top":[{"label":"tulips","score":0.56212467}, ...]}]}   (with --json)
