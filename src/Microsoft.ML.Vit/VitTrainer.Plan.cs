using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Training;

namespace Microsoft.ML.Vit;

// What the options, the checkpoint and the data decide together, every default resolved.
public sealed partial class VitTrainer
{
    private VitConfig ModelFor(TrainingColumns columns)
    {
        VitConfig config;
        if (_options.Pretrained is { } checkpoint)
        {
            VitConfig asked = _options.Model ?? checkpoint.Model with { ImageSize = checkpoint.Preprocessing.Size };
            config = checkpoint.ModelFor(columns.Labels.Names, asked.ImageSize) with { Dropout = asked.Dropout, AttentionDropout = asked.AttentionDropout, DropPath = asked.DropPath, PatchDropout = asked.PatchDropout };
        }
        else if (_options.Model is { } chosen)
        {
            config = chosen with { Classes = columns.Labels.Count };
        }
        else
        {
            (PixelSize? size, int channels) = columns.ImageShape();
            config = TrainingDefaults.Model(size, channels) with { Classes = columns.Labels.Count };
        }
        IReadOnlyList<string> problems = config.Problems();
        return problems.Count == 0 ? config : throw new ArgumentOutOfRangeException(nameof(VitOptions.Model), string.Join(" ", problems));
    }

    private Preprocessing PreprocessingFor(TrainingColumns columns, VitConfig config)
    {
        if (_options.Pretrained?.Preprocessing is not { } its)
        {
            return columns.PreprocessingFor(config.ImageSize, config.Channels, _options.Interpolation ?? Interpolation.Bicubic);
        }
        return columns.Checked(its.WithSize(config.ImageSize) with { Interpolation = _options.Interpolation ?? its.Interpolation });
    }

    private TrainingPlan PlanFor(TrainingColumns columns, ImageSubset training, TimeSpan spent)
    {
        TimeSpan? budget = _options.MaxTrainingTime is { } time ? TimeSpan.FromTicks(Math.Max(1, (time - spent).Ticks)) : null;
        return new TrainingPlan
        {
            Epochs = _options.Epochs ?? (budget is null ? TrainingDefaults.Epochs(training.Count, _options.Pretrained is not null) : null),
            Budget = budget,
            BatchSize = _options.BatchSize ?? TrainingDefaults.BatchSize(training.Count),
            ScoringBatchSize = _options.ScoringBatchSize,
            Optimizer = _options.Optimizer ?? TrainingDefaults.Optimizer(_options.Pretrained is not null, _options.FreezeBackbone),
            FreezesBackbone = _options.FreezeBackbone,
            WarmupFraction = _options.WarmupFraction,
            FinalLearningRateFraction = _options.FinalLearningRateFraction,
            GradientClipNorm = _options.GradientClipNorm,
            LabelSmoothing = _options.LabelSmoothing,
            ClassWeights = _options.ClassWeights?.For(columns.Labels.Names, training.CountsByClass(columns.Labels.Count)),
            GradientAccumulation = _options.GradientAccumulation,
            WeightAverage = _options.WeightAverage,
            Mixing = _options.Mixing,
            Augmentations = _options.Augmentations ?? TrainingDefaults.Augmentations(training.Count),
            EarlyStoppingPatience = _options.EarlyStoppingPatience,
        };
    }

    private ClassifierDescription Describe(VitConfig config, Preprocessing preprocessing, TrainingColumns columns, List<EpochMetrics> history) => new()
    {
        Model = config,
        Preprocessing = preprocessing,
        FeatureColumn = _options.FeatureColumnName,
        PredictedLabelColumn = _options.PredictedLabelColumnName,
        ScoreColumn = _options.ScoreColumnName,
        LabelType = columns.Labels.TypeName,
        Labels = columns.Labels.Names,
        ScoringBatchSize = _options.ScoringBatchSize,
        History = history,
    };
}
