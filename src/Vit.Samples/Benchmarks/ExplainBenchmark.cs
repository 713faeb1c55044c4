using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Vit;
using Spectre.Console;

namespace Vit.Samples.Benchmarks;

/// <summary>Whether explanations point at what is there: how many of the patches that a shape model's predictions rest on most lie on the shape.</summary>
internal sealed class ExplainBenchmark : Command
{
    private readonly Option<string> model = new("--model") { Required = true, HelpName = "FILE", Description = "The model that quickstart saved." };
    private readonly Option<int> images = new("--images") { HelpName = "N", Description = "Images of each class, drawn anew.", DefaultValueFactory = _ => 20 };
    private readonly Option<int> seed = new("--seed") { HelpName = "N", Description = "Their seed, which should not be quickstart's.", DefaultValueFactory = _ => 101 };

    public ExplainBenchmark() : base("explain", "The share of the most relevant tenth of patches that lie on the drawn shape.")
    {
        foreach (Option option in (Option[])[model, images, seed])
        {
            Add(option);
        }
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        ITransformer loaded = ModelFile.Load(new MLContext(1), run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        VitTransformer vit = ((IEnumerable<ITransformer>)loaded).OfType<VitTransformer>().Single();
        (double relevance, double rollout, double all, int right, int count) = Measure(vit, run.Arguments.GetValue(images), run.Arguments.GetValue(seed), run.Cancellation);
        run.Console.Write(new Table().Border(TableBorder.Rounded).AddColumns("patches", "share on the shape")
            .AddRow("most relevant tenth (gradient-weighted)", $"{relevance:P1}").AddRow("most attended tenth (rollout)", $"{rollout:P1}").AddRow("all", $"{all:P1}"));
        run.Console.WriteLine($"{count} images, {right} predicted right");
        run.Finish("benchmark explain", new JsonObject { ["images"] = count, ["accuracy"] = (double)right / count, ["relevance"] = relevance, ["rollout"] = rollout, ["allPatches"] = all });
    }

    /// <summary>Means over freshly drawn images of the share of patches on the shape, among the highest tenth by relevance, by rollout, and among all.</summary>
    internal static (double Relevance, double Rollout, double All, int Right, int Count) Measure(VitTransformer vit, int perClass, int seed, CancellationToken cancellation)
    {
        var shapes = new ShapeImages(vit.Preprocessing.Size.Height, seed);
        var rows = new List<(double Relevance, double Rollout, double All, bool IsRight)>();
        string file = Path.GetTempFileName();
        try
        {
            foreach (string name in Enumerable.Repeat(vit.ClassNames, perClass).SelectMany(names => names))
            {
                cancellation.ThrowIfCancellationRequested();
                bool[,] mask = shapes.WriteOne(file, name);
                Explanation explanation = vit.Explain(file);
                bool[] onShape = OnShape(mask, explanation.Grid);
                rows.Add((ShareOfTop(explanation.Relevance, onShape), ShareOfTop(explanation.Rollout, onShape), onShape.Count(on => on) / (double)onShape.Length, explanation.ClassName == name));
            }
        }
        finally
        {
            File.Delete(file);
        }
        return (rows.Average(row => row.Relevance), rows.Average(row => row.Rollout), rows.Average(row => row.All), rows.Count(row => row.IsRight), rows.Count);
    }

    private static double ShareOfTop(IReadOnlyList<float> values, bool[] onShape)
    {
        int tenth = Math.Max(1, values.Count / 10);
        return Enumerable.Range(0, values.Count).OrderByDescending(patch => values[patch]).Take(tenth).Count(patch => onShape[patch]) / (double)tenth;
    }

    /// <summary>Whether any pixel of a patch belongs to the shape, patch by patch, row by row.</summary>
    private static bool[] OnShape(bool[,] mask, PixelSize grid)
    {
        int height = mask.GetLength(0), width = mask.GetLength(1);
        bool[] onShape = new bool[grid.Height * grid.Width];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                onShape[(y * grid.Height / height * grid.Width) + (x * grid.Width / width)] |= mask[y, x];
            }
        }
        return onShape;
    }
}
