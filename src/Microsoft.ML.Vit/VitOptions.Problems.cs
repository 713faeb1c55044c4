using Microsoft.ML.Vit.Interop;

namespace Microsoft.ML.Vit;

public sealed partial record VitOptions
{
    /// <summary>Everything that is wrong, a sentence each; none when the options are sound.</summary>
    internal IEnumerable<string> Problems()
    {
        foreach ((string property, string? value) in new (string, string?)[]
        {
            (nameof(LabelColumnName), LabelColumnName), (nameof(FeatureColumnName), FeatureColumnName),
            (nameof(ScoreColumnName), ScoreColumnName), (nameof(PredictedLabelColumnName), PredictedLabelColumnName),
        })
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"{property} is empty; expected a column's name.";
            }
        }
        if (ScoreColumnName == PredictedLabelColumnName)
        {
            yield return $"{nameof(ScoreColumnName)} and {nameof(PredictedLabelColumnName)} are both '{ScoreColumnName}'; expected two names.";
        }
        if (!DeviceSelector.IsName(Device))
        {
            yield return $"{nameof(Device)} is '{Device}'; expected auto, cpu, cuda or cuda:N.";
        }
        if (MaxTrainingTime is { } time && time <= TimeSpan.Zero)
        {
            yield return $"{nameof(MaxTrainingTime)} is {time}; expected a time above zero.";
        }
        if (ImageSize is { } size && (Model is not null || size.Height < 1 || size.Width < 1))
        {
            yield return Model is not null
                ? $"{nameof(ImageSize)} is set beside {nameof(Model)}; set {nameof(Model)}.{nameof(VitConfig.ImageSize)}."
                : $"{nameof(ImageSize)} is {size}; expected sides of 1 pixel or more.";
        }
        if (!Enum.IsDefined(Initialization))
        {
            yield return $"{nameof(Initialization)} is {Initialization}; expected one of {string.Join(", ", Enum.GetNames<VitInitialization>())}.";
        }
        if (Interpolation is { } filter && !Enum.IsDefined(filter))
        {
            yield return $"{nameof(Interpolation)} is {filter}; expected one of {string.Join(", ", Enum.GetNames<Interpolation>())}.";
        }
        if (!Enum.IsDefined(HeadInitialization))
        {
            yield return $"{nameof(HeadInitialization)} is {HeadInitialization}; expected one of {string.Join(", ", Enum.GetNames<VitHeadInitialization>())}.";
        }
        if (Pretrained is not null && WarmStart is not null)
        {
            yield return $"{nameof(Pretrained)} and {nameof(WarmStart)} are both set; expected one start.";
        }
        if (WarmStart is not null && string.IsNullOrWhiteSpace(WarmStart))
        {
            yield return $"{nameof(WarmStart)} is empty; expected a model's path, or null.";
        }
        if (CheckpointDirectory is not null && string.IsNullOrWhiteSpace(CheckpointDirectory))
        {
            yield return $"{nameof(CheckpointDirectory)} is empty; expected a folder, or null.";
        }
        if (CheckpointSteps is not null && CheckpointDirectory is null)
        {
            yield return $"{nameof(CheckpointSteps)} is set without {nameof(CheckpointDirectory)}.";
        }
        if (!Enum.IsDefined(CancellationBehavior))
        {
            yield return $"{nameof(CancellationBehavior)} is {CancellationBehavior}; expected one of {string.Join(", ", Enum.GetNames<VitCancellation>())}.";
        }
        if (Pretrained is null && WarmStart is null && (FreezeBackbone || FrozenBlocks > 0))
        {
            yield return $"{nameof(FreezeBackbone)} or {nameof(FrozenBlocks)} is set without {nameof(Pretrained)} or {nameof(WarmStart)}; what is not pretrained must be trained.";
        }
        if (Pretraining is not null && FreezeBackbone)
        {
            yield return $"{nameof(Pretraining)} is set with {nameof(FreezeBackbone)}; pre-training trains what is to stay as it is.";
        }
        if (!Enum.IsDefined(Precision))
        {
            yield return $"{nameof(Precision)} is {Precision}; expected one of {string.Join(", ", Enum.GetNames<VitPrecision>())}.";
        }
        if (!Enum.IsDefined(InvalidImages))
        {
            yield return $"{nameof(InvalidImages)} is {InvalidImages}; expected one of {string.Join(", ", Enum.GetNames<InvalidImageHandling>())}.";
        }
        if (LogDirectory is not null && string.IsNullOrWhiteSpace(LogDirectory))
        {
            yield return $"{nameof(LogDirectory)} is empty; expected a folder, or null for no log.";
        }
        foreach (string problem in NumberProblems().Concat(PartProblems()))
        {
            yield return problem;
        }
    }

    private IEnumerable<string> NumberProblems()
    {
        (string Property, double? Value, bool Sound, string Expected)[] numbers =
        [
            (nameof(Epochs), Epochs, Epochs is null or >= 1, "1 or more"),
            (nameof(BatchSize), BatchSize, BatchSize is null or (>= 1 and <= 65536), "1 to 65536"),
            (nameof(GradientAccumulation), GradientAccumulation, GradientAccumulation is >= 1 and <= 65536, "1 to 65536"),
            (nameof(ScoringBatchSize), ScoringBatchSize, ScoringBatchSize is >= 1 and <= Persistence.NetworkDescription.MaxScoringBatchSize, $"1 to {Persistence.NetworkDescription.MaxScoringBatchSize}"),
            (nameof(FrozenBlocks), FrozenBlocks, FrozenBlocks >= 0 && FrozenBlocks <= (Pretrained?.Model.Depth ?? int.MaxValue), $"0 to the depth of the checkpoint ({Pretrained?.Model.Depth})"),
            (nameof(CheckpointSteps), CheckpointSteps, CheckpointSteps is null or >= 1, "1 or more, or null"),
            (nameof(WarmupFraction), WarmupFraction, WarmupFraction is >= 0 and <= 1, "0 to 1"),
            (nameof(FinalLearningRateFraction), FinalLearningRateFraction, FinalLearningRateFraction is >= 0 and <= 1, "0 to 1"),
            (nameof(GradientClipNorm), GradientClipNorm, GradientClipNorm is null or (> 0 and < double.PositiveInfinity), "a number above 0, or null"),
            (nameof(LabelSmoothing), LabelSmoothing, LabelSmoothing is >= 0 and < 1, "0 to below 1"),
            (nameof(RepeatedAugmentations), RepeatedAugmentations, RepeatedAugmentations >= 1, "1 or more"),
            (nameof(PixelCacheBytes), PixelCacheBytes, PixelCacheBytes is null or >= 0, "0 or more, or null"),
            (nameof(ValidationFraction), ValidationFraction, ValidationFraction is >= 0 and < 1, "0 to below 1"),
            (nameof(EarlyStoppingPatience), EarlyStoppingPatience, EarlyStoppingPatience is null or >= 1, "1 or more, or null"),
        ];
        return numbers.Where(n => !n.Sound).Select(n => $"{n.Property} is {n.Value}; expected {n.Expected}.");
    }

    private IEnumerable<string> PartProblems()
    {
        IEnumerable<string> augmentations = Augmentations is null || Model is null
            ? []
            : Augmentations.SelectMany(a => a is null ? [$"{nameof(Augmentations)} holds a null."] : a.Problems(Model.ImageSize));
        return (Optimizer?.Problems() ?? []).Concat(Pretraining?.Problems() ?? []).Concat(Model?.Problems() ?? []).Concat(augmentations)
            .Concat(ClassWeights?.Problems() ?? []).Concat(WeightAverage?.Problems() ?? []).Concat(Mixing?.Problems() ?? []);
    }
}
