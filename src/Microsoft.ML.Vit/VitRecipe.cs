namespace Microsoft.ML.Vit;

/// <summary>
/// Whole recipes, each a value of <see cref="VitOptions"/> to start from: <c>VitRecipe.FineTune with { Pretrained = checkpoint }</c>. What a recipe leaves null, the number and size of the images
/// decide.
/// </summary>
public static class VitRecipe
{
    /// <summary>
    /// Small images from scratch on a CPU: the defaults of <see cref="VitOptions"/> written out. Mimetic initialisation, Muon, label smoothing of 0.1; the rest follows the images: a small variant
    /// with a convolutional stem, crops and mirrored images, and for up to 5,000 images half of the batches mixed.
    /// </summary>
    public static VitOptions ScratchSmall { get; } = new()
    {
        Initialization = VitInitialization.Mimetic,
        Optimizer = new MuonOptimizer(),
        LabelSmoothing = 0.1,
    };

    /// <summary>
    /// <see cref="ScratchSmall"/> for as many passes, some eighty or more, as a small network needs to learn tens of thousands of images by heart: RandAugment and half of the batches mixed keep
    /// their task hard, as CCT (Hassani et al. 2021, arXiv 2104.05704) trains on CIFAR-10, but for its erasing and drop path.
    /// </summary>
    public static VitOptions ScratchLong { get; } = ScratchSmall with
    {
        Augmentations = [new RandomCrop(), new HorizontalFlip(), new RandAugment()],
        Mixing = new BatchMixing { Probability = 0.5 },
    };

    /// <summary>
    /// All weights of a pretrained network (needs <see cref="VitOptions.Pretrained"/> or <see cref="VitOptions.WarmStart"/>): AdamW with layer-wise decay of the learning rate, after BEiT (Bao et
    /// al. 2021, arXiv 2106.08254) and MAE (He et al. 2021, arXiv 2111.06377, table 9: a layer decay of 0.75, a weight decay of 0.05, beta2 of 0.999, label smoothing of 0.1). The learning rate is
    /// that of MAE's published ViT-B, 5e-4 for 256 images a step, at 128. Their RandAugment, mixing, erasing and drop path, which pay over their 50 to 100 epochs, are left out: random resized crops
    /// of half the area or more and mirrored images.
    /// </summary>
    public static VitOptions FineTune { get; } = new()
    {
        Optimizer = new AdamWOptimizer { LearningRate = 2.5e-4, WeightDecay = 0.05, Beta2 = 0.999, LayerDecay = 0.75 },
        LabelSmoothing = 0.1,
        Augmentations = [new RandomResizedCrop(), new HorizontalFlip()],
        HeadInitialization = VitHeadInitialization.Zeros,
    };

    /// <summary>
    /// The classifier alone on a pretrained network (needs <see cref="VitOptions.Pretrained"/> or <see cref="VitOptions.WarmStart"/>): a linear probe, logistic regression by AdamW without weight
    /// decay over 100 passes, on features that are computed once.
    /// </summary>
    public static VitOptions Probe { get; } = new()
    {
        FreezeBackbone = true,
        Optimizer = new AdamWOptimizer { LearningRate = 1e-3, WeightDecay = 0 },
        LabelSmoothing = 0,
        Augmentations = [],
        Epochs = 100,
    };

    /// <summary>
    /// ViT-S/16 from scratch on many images, as DeiT trains it (Touvron et al. 2020, arXiv 2012.12877, and its program's defaults): 300 epochs of 512 images a step, AdamW at 5e-4 falling to 1e-5
    /// after 5 epochs of warmup, each image three times a pass, random resized crops, RandAugment (rand-m9-mstd0.5-inc1, with which DeiT's colour jitter is off), erasing, mixup and CutMix, label
    /// smoothing, drop path of 0.1, averaged weights, no clipping. For a GPU. It differs in the average's decay, which begins low so that short trainings have one, too, in warming up from zero, not
    /// 1e-6, in enlarging crops bilinearly, and in scoring the whole image, not its centre.
    /// </summary>
    public static VitOptions Deit { get; } = new()
    {
        Model = VitConfig.Small16 with { DropPath = 0.1 },
        Initialization = VitInitialization.Timm,
        Epochs = 300,
        BatchSize = 128,
        GradientAccumulation = 4,
        Optimizer = new AdamWOptimizer { LearningRate = 5e-4, WeightDecay = 0.05, Beta2 = 0.999 },
        WarmupFraction = 5.0 / 300,
        FinalLearningRateFraction = 0.02,
        GradientClipNorm = null,
        LabelSmoothing = 0.1,
        Mixing = new BatchMixing(),
        RepeatedAugmentations = 3,
        WeightAverage = new ExponentialMovingAverage(0.99996),
        Augmentations = [new RandomResizedCrop(MinArea: 0.08), new HorizontalFlip(), new RandAugment(), new RandomErasing()],
    };
}
