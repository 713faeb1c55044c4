using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Pretraining;
using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit;

// Learning from images alone, before the training by labels.
public sealed partial class VitTrainer
{
    /// <summary>What pre-training learns from: the training images and, behind them in the same cache, the further images of its options.</summary>
    private ImageSubset PretrainingImages(MaskedAutoencoderPretraining pretraining, ImageSubset training, LabeledImageReader reader, Preprocessing preprocessing)
    {
        PixelCache cache = training.Source.Images;
        int labeled = training.Source.Count;
        if (pretraining.Images is { } further)
        {
            DataViewSchema.Column feature = further.Schema.GetColumnOrNull(_options.FeatureColumnName)
                ?? throw _host.ExceptSchemaMismatch(nameof(MaskedAutoencoderPretraining.Images), "feature", _options.FeatureColumnName);
            reader.Append(cache, further, feature, preprocessing, "pre-training");
        }
        int[] behind = [.. Enumerable.Range(labeled, cache.Count - labeled)];
        // Batches carry labels; here nobody asks for them.
        return new ImageSubset(new LabeledImages(cache, new int[cache.Count]), [.. training.Indices, .. behind]);
    }

    private void Pretrain(
        MaskedAutoencoderPretraining pretraining, VisionTransformer network, InputNormalizer normalizer, ImageSubset images, TrainingPlan plan, RandomStreams random, IChannel channel)
    {
        if (network.Config.PatchTokens < 2)
        {
            throw new ArgumentOutOfRangeException(
                nameof(VitOptions.Pretraining), $"The network sees its image of {network.Config.ImageSize} as one patch of {network.Config.PatchSize}; pre-training hides some patches and shows others.");
        }
        TrainingPlan its = plan with
        {
            Epochs = pretraining.Epochs ?? (plan.Budget is null ? TrainingDefaults.Epochs(images.Count, isPretrained: false) : null),
            Budget = plan.Budget * pretraining.Share,
            BatchSize = _options.BatchSize ?? TrainingDefaults.BatchSize(images.Count),
            Optimizer = pretraining.Optimizer ?? TrainingDefaults.Optimizer(isPretrained: false, classifierOnly: false),
        };
        channel.Info($"Pre-trains on {images.Count} images, {its.BatchSize} a step, {PatchOrder.Visible(network.Config.PatchTokens, pretraining.MaskRatio)} of {network.Config.PatchTokens} patches seen.");
        var loop = new PretrainingLoop(network, normalizer, pretraining, its, random.Pretraining(), channel.Info, _options.CancellationToken);
        loop.Run(images);
    }
}
