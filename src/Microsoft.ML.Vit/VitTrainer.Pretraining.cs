using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Pretraining;
using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit;

// Learning from images alone, before the training by labels.
public sealed partial class VitTrainer
{
    /// <summary>What pre-training learns from: the training images and the further images of its options.</summary>
    private IReadOnlyList<ImageSubset> PretrainingImages(
        MaskedAutoencoderPretraining pretraining, ImageSubset training, TrainingColumns columns, LabeledImageReader reader, Preprocessing preprocessing)
    {
        if (pretraining.Images is not { } further)
        {
            return [training];
        }
        DataViewSchema.Column feature = further.Schema.GetColumnOrNull(_options.FeatureColumnName)
            ?? throw _host.ExceptSchemaMismatch(nameof(MaskedAutoencoderPretraining.Images), "feature", _options.FeatureColumnName);
        if (columns.IsFloat != (FeatureColumn.KindOf(feature.Type) == ImageColumnKind.Floats))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaskedAutoencoderPretraining.Images), $"The pre-training data's feature column '{feature.Name}' is of type {feature.Type}, the training data's of type {columns.Feature.Type}; both must hold images, or both float vectors.");
        }
        return [training, ImageSubset.All(reader.Read(new LabeledRows(further, Label: null, feature, preprocessing, "pre-training")))];
    }

    private void Pretrain(
        MaskedAutoencoderPretraining pretraining, VisionTransformer network, InputNormalizer normalizer, IReadOnlyList<ImageSubset> sets, TrainingPlan plan, RandomStreams random, IChannel channel)
    {
        if (network.Config.PatchTokens < 2)
        {
            throw new ArgumentOutOfRangeException(
                nameof(VitOptions.Pretraining), $"The network sees its image of {network.Config.ImageSize} as one patch of {network.Config.PatchSize}; pre-training hides some patches and shows others.");
        }
        int images = sets.Sum(set => set.Count);
        TrainingPlan its = plan with
        {
            Epochs = pretraining.Epochs ?? (plan.Budget is null ? TrainingDefaults.Epochs(images, isPretrained: false) : null),
            Budget = plan.Budget * pretraining.Share,
            Optimizer = pretraining.Optimizer ?? TrainingDefaults.Optimizer(isPretrained: false, classifierOnly: false),
        };
        channel.Info($"Pre-trains on {images} images, {its.BatchSize} a step, {PatchOrder.Visible(network.Config.PatchTokens, pretraining.MaskRatio)} of {network.Config.PatchTokens} patches seen.");
        var loop = new PretrainingLoop(network, normalizer, pretraining, its, random, channel.Info, _options.CancellationToken);
        loop.Run(sets);
    }
}
