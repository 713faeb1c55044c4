namespace Microsoft.ML.Vit;

/// <summary>
/// Whole recipes, each a value of <see cref="VitOptions"/> to start from: <c>VitRecipe.FineTune with { Pretrained = checkpoint }</c>. What a recipe leaves null, the number and size of the images decide.
/// </summary>
public static class VitRecipe
{
    /// <summary>
    /// Small images from scratch on a CPU: the defaults of <see cref="VitOptions"/> written out, a convolutional stem, mimetic initialisation, Muon, label smoothing, shifted and mirrored images.
    /// </summary>
    public static VitOptions ScratchSmall { get; } = new()
    {
        Initialization = VitInitialization.Mimetic,
        Optimizer = new MuonOptimizer(),
        LabelSmoothing = 0.1,
    };

    /// <summary>
    /// All weights of a pretrained network (needs <see cref="VitOptions.Pretrained"/> or <see cref="VitOptions.WarmStart"/>): AdamW with layer-wise decay of the learning rate, after BEiT (Bao et al. 2021,
    /// arXiv 2106.08254) and MAE (He et al. 2021, arXiv 2111.06377), their learning rate for batches of 128.
    /// </summary>
    public static VitOptions FineTune { get; } = new()
    {
        Optimizer = new AdamWOptimizer { LearningRate = 2.5e-4, WeightDecay = 0.05, Beta2 = 0.999, LayerDecay = 0.75 },
        LabelSmoothing = 0.1,
        Augmentations = [new RandomResizedCrop(), new HorizontalFlip()],
        HeadInitialization = VitHeadInitialization.Zeros,
    };

    /// <summary>
    /// The classifier alone on a pretrained network (needs <see cref="VitOptions.Pretrained"/> or <see cref="VitOptions.WarmStart"/>): a linear probe on features that are computed once.
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
    /// ViT-S/16 from scratch on many images, as DeiT trains it (Touvron et al. 2020, arXiv 2012.12877): 300 epochs of 512 images a step, heavy augmentation, drop path, averaged weights. For a GPU. It differs in
    /// the average's decay, which begins low so that short trainings have one, too, and in warming up from zero.
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
