using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>
/// How many image files a second become a network's input of 224 x 224 pixels: read by a model's own path column (the network is so small that it costs next to nothing, and counts against us),
/// and by ML.NET's LoadImages, ResizeImages and ExtractPixels; in turns, all cores, files in the system's cache.
/// </summary>
internal sealed class InputMeter(SampleRun run, int rounds)
{
    private const int Size = 224;

    /// <summary>Turns that do not count: the runtime compiles what is called often once more, better each time, in the first seconds.</summary>
    private const int WarmUp = 8;

    /// <summary>Measures with these files and gives the row of a report.</summary>
    /// <param name="name">What the files are called there.</param>
    /// <param name="paths">Images.</param>
    public JsonObject Measure(string name, IReadOnlyList<string> paths)
    {
        var ml = new MLContext(1);
        IDataView files = ml.Data.LoadFromEnumerable(paths.Select((path, i) => new LabeledImage { ImagePath = path, Label = i % 2 == 0 ? "even" : "odd" }));
        IDataView keyed = ml.Transforms.Conversion.MapValueToKey("Label").Fit(files).Transform(files);
        var options = new VitOptions
        {
            FeatureColumnName = "ImagePath",
            Model = new VitConfig { ImageSize = Size, PatchSize = Size / 8, Width = 64, Depth = 1, Heads = 1, MlpRatio = 1 },
            Epochs = 1,
            CancellationToken = run.Cancellation,
        };
        using VitTransformer ours = ml.MulticlassClassification.Trainers.Vit(options).Fit(ml.Data.TakeRows(keyed, 20));
        ITransformer theirs = ImagePixels.Images(ml, Size).Append(ml.Transforms.ExtractPixels("Features", "Features")).Fit(files);
        var ourSpeeds = new List<double>();
        var theirSpeeds = new List<double>();
        for (int round = -WarmUp; round < rounds; round++)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            double our = paths.Count / Seconds(ours.Transform(keyed), "Score");
            double their = paths.Count / Seconds(theirs.Transform(files), "Features");
            if (round >= 0)
            {
                ourSpeeds.Add(our);
                theirSpeeds.Add(their);
            }
        }
        return new JsonObject
        {
            ["model"] = name,
            ["batch"] = options.ScoringBatchSize,
            ["way"] = "input",
            ["imagesPerSecond"] = Math.Round(TrainMeter.Median(ourSpeeds), 1),
            ["mlnetImagesPerSecond"] = Math.Round(TrainMeter.Median(theirSpeeds), 1),
            ["ratio"] = Math.Round(TrainMeter.Median(ourSpeeds.Zip(theirSpeeds, (our, their) => our / their)), 2),
        };
    }

    private static double Seconds(IDataView data, string column)
    {
        long start = Stopwatch.GetTimestamp();
        using DataViewRowCursor cursor = data.GetRowCursor([data.Schema[column]]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(data.Schema[column]);
        VBuffer<float> values = default;
        while (cursor.MoveNext())
        {
            getter(ref values);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
