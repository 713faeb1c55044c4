using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using TorchSharp;

namespace Microsoft.ML;

public static partial class VitCatalog
{
    private const int ScoringBatchSize = 16;

    /// <summary>Opens a checkpoint as a classifier that predicts with its own classes, without any training.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="checkpoint">A folder, a file, or owner/name on the Hugging Face Hub, as <see cref="VitCheckpoint.Open"/> takes it.</param>
    /// <param name="featureColumnName">The images: MLImage, encoded bytes, path (text), or floats from 0 to 255, channels x height x width.</param>
    /// <param name="scoreColumnName">Output: class probabilities.</param>
    /// <param name="predictedLabelColumnName">Output: the most probable class, a key with the classes' names.</param>
    /// <returns>The classifier; the caller disposes it.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint has no classifier.</exception>
    /// <exception cref="FormatException">The checkpoint cannot be read as a Vision Transformer; the message names the file and what is wrong.</exception>
    /// <exception cref="FileNotFoundException">There is no such checkpoint.</exception>
    public static VitTransformer LoadVit(
        this TransformsCatalog catalog,
        string checkpoint,
        string featureColumnName = "Features",
        string scoreColumnName = "Score",
        string predictedLabelColumnName = "PredictedLabel") =>
        LoadVit(catalog, VitCheckpoint.Open(checkpoint), featureColumnName, scoreColumnName, predictedLabelColumnName);

    /// <summary>Makes an opened checkpoint a classifier that predicts with its own classes, without any training.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="featureColumnName">The images: MLImage, encoded bytes, path (text), or floats from 0 to 255, channels x height x width.</param>
    /// <param name="scoreColumnName">Output: class probabilities.</param>
    /// <param name="predictedLabelColumnName">Output: the most probable class, a key with the classes' names.</param>
    /// <returns>The classifier; the caller disposes it.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint has no classifier.</exception>
    /// <exception cref="FormatException">The tensors are not those of the checkpoint's architecture; the message lists them.</exception>
    public static VitTransformer LoadVit(
        this TransformsCatalog catalog,
        VitCheckpoint checkpoint,
        string featureColumnName = "Features",
        string scoreColumnName = "Score",
        string predictedLabelColumnName = "PredictedLabel")
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Model.Classes == 0)
        {
            throw new InvalidOperationException("The checkpoint has no classifier: use it by Transforms.VitFeaturizer, or train one by VitOptions.Pretrained.");
        }
        NativeLoader.EnsureLoaded();
        IHostEnvironment environment = CatalogUtils.GetEnvironment(catalog);
        using IChannel channel = environment.Start("Load Vision Transformer");
        (VisionTransformer network, torch.Device device) = PretrainedNetwork.Load(environment, channel, checkpoint);
        var description = new ClassifierDescription
        {
            Model = network.Config,
            Preprocessing = checkpoint.Preprocessing,
            FeatureColumn = featureColumnName,
            ScoreColumn = scoreColumnName,
            PredictedLabelColumn = predictedLabelColumnName,
            LabelType = "Text",
            Labels = checkpoint.ClassNames ?? [.. Enumerable.Range(0, checkpoint.Model.Classes).Select(index => index.ToString(System.Globalization.CultureInfo.InvariantCulture))],
            ScoringBatchSize = ScoringBatchSize,
            History = [],
        };
        return new VitTransformer(environment, description, network, device);
    }

    /// <summary>Turns images into vectors by a pretrained network, features for any ML.NET trainer.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="outputColumnName">The vectors' column.</param>
    /// <param name="inputColumnName">The images: MLImage, encoded bytes, path (text), or floats from 0 to 255, channels x height x width. Null: the output column's name.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="embedding">Which vector. Default: what the checkpoint's own classifier reads.</param>
    /// <exception cref="ArgumentOutOfRangeException">The network has no such vector.</exception>
    public static VitFeaturizingEstimator VitFeaturizer(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, VitCheckpoint checkpoint, VitEmbedding embedding = VitEmbedding.Pooled)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputColumnName);
        ArgumentNullException.ThrowIfNull(checkpoint);
        return new VitFeaturizingEstimator(CatalogUtils.GetEnvironment(catalog), outputColumnName, inputColumnName ?? outputColumnName, checkpoint, embedding);
    }

    /// <summary>Turns images into vectors by a pretrained network, features for any ML.NET trainer.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="outputColumnName">The vectors' column.</param>
    /// <param name="inputColumnName">The images: MLImage, encoded bytes, path (text), or floats from 0 to 255, channels x height x width. Null: the output column's name.</param>
    /// <param name="checkpoint">A folder, a file, or owner/name on the Hugging Face Hub, as <see cref="VitCheckpoint.Open"/> takes it.</param>
    /// <param name="embedding">Which vector. Default: what the checkpoint's own classifier reads.</param>
    /// <exception cref="ArgumentOutOfRangeException">The network has no such vector.</exception>
    /// <exception cref="FileNotFoundException">There is no such checkpoint.</exception>
    public static VitFeaturizingEstimator VitFeaturizer(
        this TransformsCatalog catalog, string outputColumnName, string? inputColumnName, string checkpoint, VitEmbedding embedding = VitEmbedding.Pooled) =>
        VitFeaturizer(catalog, outputColumnName, inputColumnName, VitCheckpoint.Open(checkpoint), embedding);
}
