using System.CommandLine;
using Microsoft.ML;

namespace Vit.Samples;

/// <summary>The five most probable classes of image files, by a saved model.</summary>
internal sealed class Predict : Command
{
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
        string[] files = TopClasses.Existing(run.Arguments.GetRequiredValue(images));
        var ml = new MLContext(1);
        ITransformer loaded = ModelFile.Load(ml, run.Arguments.GetRequiredValue(model));
        using var disposable = loaded as IDisposable;
        TopClasses.Report(run, "predict", ml, loaded, files);
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
