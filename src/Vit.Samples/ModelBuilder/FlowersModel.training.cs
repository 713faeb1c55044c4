using Microsoft.ML;
using Microsoft.ML.Vit;

namespace Vit.Samples.ModelBuilder;

// The shape that Model Builder generates, with the Vision Transformer where it puts ImageClassification: one word of BuildPipeline differs.
public partial class FlowersModel
{
    /// <summary>Trains a new model on the images of a folder and saves it.</summary>
    /// <param name="outputModelPath">Where the model goes.</param>
    /// <param name="inputDataFolderPath">One sub-folder of images per class.</param>
    /// <param name="options">What training does differently from the defaults; the column names are set here.</param>
    public static ITransformer Train(string outputModelPath, string inputDataFolderPath, VitOptions? options = null)
    {
        var mlContext = new MLContext(seed: 1);
        IDataView data = LoadImageFromFolder(mlContext, inputDataFolderPath);
        ITransformer model = RetrainModel(mlContext, data, options);
        SaveModel(mlContext, model, data, outputModelPath);
        return model;
    }

    /// <summary>Reads the images of a folder, encoded as they are, with the name of their sub-folder as the label.</summary>
    public static IDataView LoadImageFromFolder(MLContext mlContext, string folder)
    {
        string[] allowedImageExtensions = [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"];
        var rows = new List<ModelInput>();
        foreach (DirectoryInfo subFolder in new DirectoryInfo(folder).GetDirectories().OrderBy(directory => directory.Name, StringComparer.Ordinal))
        {
            foreach (FileInfo file in subFolder.GetFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                if (allowedImageExtensions.Contains(file.Extension, StringComparer.OrdinalIgnoreCase))
                {
                    rows.Add(new ModelInput { Label = subFolder.Name, ImageSource = File.ReadAllBytes(file.FullName) });
                }
            }
        }
        return mlContext.Data.LoadFromEnumerable(rows);
    }

    /// <summary>Saves a model as ML.NET opens it.</summary>
    public static void SaveModel(MLContext mlContext, ITransformer model, IDataView data, string modelSavePath)
    {
        ModelFile.Save(mlContext, model, data.Schema, modelSavePath);
    }

    /// <summary>Fits the pipeline anew, on the same or on other images.</summary>
    public static ITransformer RetrainModel(MLContext mlContext, IDataView trainData, VitOptions? options = null) => BuildPipeline(mlContext, options).Fit(trainData);

    /// <summary>The steps from a row to a prediction, in order.</summary>
    public static IEstimator<ITransformer> BuildPipeline(MLContext mlContext, VitOptions? options = null)
    {
        options = (options ?? new VitOptions()) with { LabelColumnName = "Label", ScoreColumnName = "Score", FeatureColumnName = "ImageSource" };
        // Labels become keys, the images are learned, and the predicted key becomes a label again.
        return mlContext.Transforms.Conversion.MapValueToKey(outputColumnName: "Label", inputColumnName: "Label", addKeyValueAnnotationsAsText: false)
            .Append(mlContext.MulticlassClassification.Trainers.Vit(options))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue(outputColumnName: "PredictedLabel", inputColumnName: "PredictedLabel"));
    }
}
