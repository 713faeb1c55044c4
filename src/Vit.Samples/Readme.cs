using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Spectre.Console;

namespace Vit.Samples;

/// <summary>The README's pipeline to the letter (a test holds the two against each other): learns the folder "flowers" that lies here.</summary>
internal sealed class Readme : Command
{
    public Readme() : base("readme", "Runs the README's pipeline: learns the folder 'flowers' of the working directory and saves flowers.zip there.")
    {
        SampleRun.Set(this, Run);
    }

    private static void Run(SampleRun run)
    {
        var ml = new MLContext(seed: 1);
        IDataView images = ml.Data.LoadImagesFromFolder("flowers"); // ImagePath, Label (the sub-folder's name)
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.LoadImages("Image", imageFolder: null, "ImagePath"))
            .Append(ml.Transforms.ResizeImages("Features", 64, 64, "Image"))
            .Append(ml.MulticlassClassification.Trainers.Vit())
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        ITransformer model = pipeline.Fit(images);
        ml.Model.Save(model, images.Schema, "flowers.zip");

        run.Console.WriteLine("Saved flowers.zip");
        run.Finish("readme", new JsonObject { ["model"] = Path.GetFullPath("flowers.zip") });
    }
}

// What one sees:
// Saved flowers.zip
