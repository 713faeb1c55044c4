using Microsoft.ML.Data;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML;

/// <summary>What Microsoft.ML.Vit adds to an MLContext.</summary>
public static partial class VitCatalog
{
    /// <summary>
    /// A Vision Transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) that learns to classify images, in the place and with the column names of
    /// <c>ImageClassification</c>. It chooses the model by the size of the images; <see cref="VitOptions"/> has every knob.
    /// </summary>
    /// <param name="catalog">The trainers of a multiclass classification.</param>
    /// <param name="labelColumnName">The label, a key column.</param>
    /// <param name="featureColumnName">The images: MLImage, encoded bytes, path (text), or a float vector of channels x height x width.</param>
    /// <param name="scoreColumnName">Output: class probabilities.</param>
    /// <param name="predictedLabelColumnName">Output: the most probable class, a key with the label's values.</param>
    /// <param name="validationSet">Images to validate on after every epoch; the best epoch's weights are then the result.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column's name is empty.</exception>
    /// <exception cref="DllNotFoundException">The program has no libtorch; the message names the package to add.</exception>
    public static VitTrainer Vit(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        string labelColumnName = "Label",
        string featureColumnName = "Features",
        string scoreColumnName = "Score",
        string predictedLabelColumnName = "PredictedLabel",
        IDataView? validationSet = null) =>
        Vit(catalog, new VitOptions
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            ScoreColumnName = scoreColumnName,
            PredictedLabelColumnName = predictedLabelColumnName,
            ValidationSet = validationSet,
        });

    /// <summary>A Vision Transformer that learns to classify images, with every knob.</summary>
    /// <param name="catalog">The trainers of a multiclass classification.</param>
    /// <param name="options">Architecture, training, columns and device.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options that make no sense; the message lists all of them.</exception>
    /// <exception cref="DllNotFoundException">The program has no libtorch; the message names the package to add.</exception>
    public static VitTrainer Vit(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, VitOptions options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(options);
        return new VitTrainer(CatalogUtils.GetEnvironment(catalog), options);
    }

    /// <summary>Lists the images below a folder that has a sub-folder for every class, in the order of their paths.</summary>
    /// <param name="catalog">The data operations.</param>
    /// <param name="folder">The folder; its sub-folders' names are the labels, and images may lie at any depth below them.</param>
    /// <returns>Rows of <c>ImagePath</c> (the full path) and <c>Label</c> (the sub-folder's name), both text. Files other than .jpg, .jpeg, .png, .gif, .bmp and .webp are left out.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">No sub-folder holds an image.</exception>
    public static IDataView LoadImagesFromFolder(this DataOperationsCatalog catalog, string folder)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(folder);
        return catalog.LoadFromEnumerable(LabeledImageFile.Below(folder));
    }
}
