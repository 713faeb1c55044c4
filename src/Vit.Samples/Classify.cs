using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples;

/// <summary>The five most probable classes of image files, by a checkpoint as it was published.</summary>
internal sealed class Classify : Command
{
    private readonly Option<string> pretrained = new("--pretrained") { Required = true, HelpName = "X", Description = "A checkpoint: a folder, a .safetensors or .npz file, or owner/name on the Hugging Face Hub." };
    private readonly Argument<string[]> images = new("IMAGE") { Arity = ArgumentArity.OneOrMore, Description = "Image files." };

    public Classify() : base("classify", "The five most probable classes of image files, by a checkpoint as it was published.")
    {
        Add(pretrained);
        Add(images);
        SampleRun.Set(this, Run);
    }

    private void Run(SampleRun run)
    {
        string[] files = TopClasses.Existing(run.Arguments.GetRequiredValue(images));
        var ml = new MLContext(1);
        VitCheckpoint checkpoint = Download.Open(run, run.Arguments.GetRequiredValue(pretrained));
        using VitTransformer model = ml.Transforms.LoadVit(checkpoint, featureColumnName: "ImagePath");
        TopClasses.Report(run, "classify", ml, model, files);
    }
}
