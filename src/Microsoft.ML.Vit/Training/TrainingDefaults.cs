namespace Microsoft.ML.Vit.Training;

/// <summary>What is chosen by the number and size of the images where the options leave it open.</summary>
internal static class TrainingDefaults
{
    private const int ImagesShown = 50_000;

    /// <summary>Up to so many images, which are learned by heart before long, crops of varied size are worth their harder task.</summary>
    public const int FewImages = 1_000;

    /// <summary>Up to so many, mixed images are.</summary>
    private const int FewEnoughToMix = 5_000;

    /// <summary>The variant for images of this size, fitted to it; the small ones as deep as the budget pays for.</summary>
    /// <param name="imageSize">Null for an unknown size.</param>
    /// <param name="channels">Of an image.</param>
    /// <param name="budget">Time for training; null where the number of images decides.</param>
    public static VitConfig Model(PixelSize? imageSize, int channels, TimeSpan? budget)
    {
        PixelSize size = imageSize ?? 64;
        VitConfig variant = Math.Max(size.Height, size.Width) switch
        {
            <= 48 => VitConfig.SmallImage32 with { Depth = Depth(budget) },
            <= 128 => VitConfig.SmallImage64 with { Depth = Depth(budget) },
            _ => VitConfig.Tiny16,
        };
        return variant with { ImageSize = new(WholePatches(size.Height, variant.PatchSize.Height), WholePatches(size.Width, variant.PatchSize.Width)), Channels = channels };
    }

    /// <summary>Passes that show about 50,000 images, 10 to 200; a tenth of that where the network has learned already.</summary>
    public static int Epochs(int images, bool isPretrained) => isPretrained ? Math.Clamp(ImagesShown / 10 / images, 5, 20) : Math.Clamp(ImagesShown / images, 10, 200);

    /// <summary>Muon from scratch, AdamW with small steps for a pretrained network, larger ones for its classifier alone.</summary>
    public static VitOptimizer Optimizer(bool isPretrained, bool classifierOnly) =>
        !isPretrained ? new MuonOptimizer() : new AdamWOptimizer { LearningRate = classifierOnly ? 1e-3 : 1e-4 };

    /// <summary>A 32nd of the images as a power of two, 16 to 128.</summary>
    public static int BatchSize(int images) => Math.Clamp(1 << int.Log2(Math.Max(1, images / 32)), 16, 128);

    /// <summary>Random resized crops for few images, else padded crops; then flips. None where the classifier alone is trained, so that what it reads is computed once.</summary>
    public static IReadOnlyList<VitAugmentation> Augmentations(int images, bool classifierOnly) =>
        classifierOnly ? [] : [images <= FewImages ? new RandomResizedCrop() : new RandomCrop(), new HorizontalFlip()];

    /// <summary>
    /// Half the batches where a network would learn a few thousand images by heart, else none. Measured on halves of 200 flowers, 40 s of one core, with label smoothing of 0.1: accuracy 0.64 and
    /// log-loss 1.10, without both 0.59 and 2.44; 2,000 images of CIFAR-10 in 3 minutes, three seeds, 0.594 to 0.597, without 0.565 to 0.573.
    /// </summary>
    public static BatchMixing? Mixing(int images, bool isPretrained) => images <= FewEnoughToMix && !isPretrained ? new BatchMixing { Probability = 0.5 } : null;

    /// <summary>
    /// Blocks of a small variant. In few minutes the images that a shallow network has time for teach it more than depth does: measured on one core, CIFAR-10 in 95 s reached
    /// 0.551 with two blocks and 0.522 with four, 2,000 images of it in 60 s 0.533, 0.502 and with six 0.441.
    /// </summary>
    private static int Depth(TimeSpan? budget) => budget?.TotalMinutes switch
    {
        null or <= 5 => 2,
        <= 30 => 4,
        _ => VitConfig.SmallImage32.Depth,
    };

    private static int WholePatches(int pixels, int patch) => Math.Max(1, (int)Math.Round((double)pixels / patch)) * patch;
}
