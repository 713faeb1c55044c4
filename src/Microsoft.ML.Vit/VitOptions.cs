namespace Microsoft.ML.Vit;

/// <summary>
/// Every knob of <c>MulticlassClassification.Trainers.Vit(VitOptions)</c>. An immutable value: set what differs from the defaults, or copy by <c>with</c>.
/// All mistakes are reported together when the trainer is made.
/// </summary>
public sealed partial record VitOptions
{
    /// <summary>The label column, a key. Default "Label".</summary>
    public string LabelColumnName { get; init; } = "Label";

    /// <summary>
    /// The image column: MLImage, encoded bytes (a vector of bytes), a path (text), or a float vector of channels x height x width. Default "Features".
    /// </summary>
    public string FeatureColumnName { get; init; } = "Features";

    /// <summary>The output column of class probabilities, a softmax vector. Default "Score".</summary>
    public string ScoreColumnName { get; init; } = "Score";

    /// <summary>The output column of the most probable class, a key with the label's values. Default "PredictedLabel".</summary>
    public string PredictedLabelColumnName { get; init; } = "PredictedLabel";

    /// <summary>
    /// Weights to start from (fine-tuning), opened by <see cref="VitCheckpoint.Open"/>; null trains from scratch. The classifier is kept where the checkpoint's classes are the label's by name,
    /// else replaced, which the log says. Images are prepared as the checkpoint wants them; float vectors are taken as pixel values from 0 to 255, as ExtractPixels gives them. Default null.
    /// </summary>
    public VitCheckpoint? Pretrained { get; init; }

    /// <summary>
    /// A zip that MLContext.Model.Save wrote, with one classifier of this library anywhere in its chain, whose weights are started from; null for none. The architecture and the preprocessing are its
    /// own; the classifier's rows of classes that the label names too are kept, those of others are new (<see cref="HeadInitialization"/>), which the log says. The number of epochs, the optimizer and
    /// freezing are as with <see cref="Pretrained"/>, which it excludes. Default null.
    /// </summary>
    public string? WarmStart { get; init; }

    /// <summary>
    /// The first so many blocks of the pretrained network, and with any the embeddings before them, stay as they are; 0 to its depth. Default 0: all are trained.
    /// </summary>
    public int FrozenBlocks { get; init; }

    /// <summary>
    /// Whether only the classifier of the pretrained network is trained (a linear probe). Where images are neither changed at random nor mixed, which is the default then, what the classifier reads
    /// of each is computed once and kept as pixels are (<see cref="PixelCacheBytes"/>). Default false.
    /// </summary>
    public bool FreezeBackbone { get; init; }

    /// <summary>What a new classifier on a pretrained network starts as. Default: zeros.</summary>
    public VitHeadInitialization HeadInitialization { get; init; } = VitHeadInitialization.Zeros;

    /// <summary>
    /// The architecture; its <see cref="VitConfig.Classes"/> is replaced by the label's count. Null chooses by the size of the images: <see cref="VitConfig.SmallImage32"/> up to 48 pixels,
    /// <see cref="VitConfig.SmallImage64"/> up to 128 and where the size is unknown, else <see cref="VitConfig.Tiny16"/>, each at the images' own size (rounded to whole patches), the small ones
    /// with a depth of 2 for a <see cref="MaxTrainingTime"/> up to 5 minutes or none, 4 up to 30, else 6; with <see cref="Pretrained"/> or <see cref="WarmStart"/> it is the checkpoint's, and a
    /// value of it changed by <c>with</c> sets another image size or dropout. Default null.
    /// </summary>
    public VitConfig? Model { get; init; }

    /// <summary>
    /// Height and width that images are brought to where <see cref="Model"/> is null, which has its own. Null: their own where the column's type says it, else 64x64;
    /// with <see cref="Pretrained"/> or <see cref="WarmStart"/> the checkpoint's. Default null.
    /// </summary>
    public PixelSize? ImageSize { get; init; }

    /// <summary>
    /// Learning from images alone, without labels, before the training; null for none. The log tells how it goes; <see cref="Progress"/> and the transformer's history hear of the training after it.
    /// Default null.
    /// </summary>
    public MaskedAutoencoderPretraining? Pretraining { get; init; }

    /// <summary>What the weights are before the first step. Default: mimetic.</summary>
    public VitInitialization Initialization { get; init; } = VitInitialization.Mimetic;

    /// <summary>How images of other sizes are resized; null takes the checkpoint's way, and bicubic from scratch. Default null.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>
    /// Passes over the training images. Null: with <see cref="MaxTrainingTime"/>, as many as fit; without, as many as show about 50,000 images, at least 10 and at most 200 (with
    /// <see cref="Pretrained"/> or <see cref="WarmStart"/> 5,000, 5 and 20). Default null.
    /// </summary>
    public int? Epochs { get; init; }

    /// <summary>A budget of wall-clock time for training, pre-training included, over which the learning-rate schedule is laid; null for none. Default null.</summary>
    public TimeSpan? MaxTrainingTime { get; init; }

    /// <summary>Images of a batch. Null chooses a 32nd of the training images, as a power of two from 16 to 128. Default null.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Batches whose gradients are averaged to one step, 1 or more: a step of <see cref="BatchSize"/> times as many images in one batch's memory. Default 1.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// The optimizer. Null: from scratch, Muon for the blocks' matrices with AdamW for the rest, what learned fastest from few images; with <see cref="Pretrained"/> or <see cref="WarmStart"/>,
    /// AdamW at a learning rate of 1e-4, 1e-3 where only the classifier is trained. Default null.
    /// </summary>
    public VitOptimizer? Optimizer { get; init; }

    /// <summary>Share of the training in which the learning rate rises linearly, before it falls along a cosine; 0 to 1. Default 0.1.</summary>
    public double WarmupFraction { get; init; } = 0.1;

    /// <summary>The learning rate at the end as a share of its highest; 0 to 1. Default 0.</summary>
    public double FinalLearningRateFraction { get; init; }

    /// <summary>Gradients are scaled down to this global norm; null for no clipping. Default 1.</summary>
    public double? GradientClipNorm { get; init; } = 1;

    /// <summary>Share of the target that is spread over all classes (Szegedy et al. 2015, arXiv 1512.00567); 0 to below 1. Default 0.1.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>What images of each class count in the loss, for classes of unequal size; null for all alike. Default null.</summary>
    public ClassWeights? ClassWeights { get; init; }

    /// <summary>A running average of the weights, which is then what is validated and the result; null for none. Default null.</summary>
    public ExponentialMovingAverage? WeightAverage { get; init; }

    /// <summary>
    /// Mixup and CutMix of each batch's images and targets. Null chooses: half of the batches where up to 5,000 images train from scratch, else none. A <see cref="BatchMixing.Probability"/> of 0 is
    /// for none. Default null.
    /// </summary>
    public BatchMixing? Mixing { get; init; }

    /// <summary>
    /// Random changes of training images, in order. Null chooses: a random resized crop (half the area or more) for up to 1,000 images, else a padded crop; then
    /// a horizontal flip; none with <see cref="FreezeBackbone"/>. Empty for none. Default null.
    /// </summary>
    public IReadOnlyList<VitAugmentation>? Augmentations { get; init; }

    /// <summary>
    /// How often an image is shown in a row of the shuffled order, each time changed differently (Hoffer et al. 2019, arXiv 1901.09335; 3 in DeiT and in timm's RepeatAugSampler): 1 or more.
    /// An epoch stays as long as the data set, so it shows a different third of the images for 3. Default 1: every image once an epoch.
    /// </summary>
    public int RepeatedAugmentations { get; init; } = 1;

    /// <summary>
    /// Whether every class that has images is shown equally often, whatever its share of the data. An epoch stays as long as the data set: of classes with more images than their share it shows some,
    /// others in the next epoch; those of rarer classes it repeats, changed differently each time. Default false: every image once an epoch.
    /// </summary>
    public bool BalancedSampling { get; init; }

    /// <summary>
    /// Memory for training and validation pixels together, in bytes; 0 or more. Pixels beyond it go to a temporary file in the system's folder (Linux: <c>TMPDIR</c>), which is gone when training
    /// ends, however it ends; where the disk has no room, images are decoded again each epoch, in the order of the rows, and shuffled among as many as fit (256 at least), so that rows should not
    /// lie class by class then: <c>ml.Data.ShuffleRows</c> with a seed, before images are loaded, mixes them. Where <see cref="RandomResizedCrop"/> comes first, a copy of twice the size is kept with each image, if
    /// memory holds them all. The log says which. Null: a quarter of the machine's memory. Default null.
    /// </summary>
    public long? PixelCacheBytes { get; init; }

    /// <summary>Images to validate on after each epoch; <c>Fit(train, validation)</c> goes before it. Default null.</summary>
    public IDataView? ValidationSet { get; init; }

    /// <summary>
    /// Share of the training rows, drawn by the seed, that is held out to validate on where there is no validation set; 0 to below 1. Default 0: all rows train.
    /// </summary>
    public double ValidationFraction { get; init; }

    /// <summary>
    /// Training stops after so many epochs without a better validation accuracy (on equal accuracy, loss); null never. Needs a validation set. Default null. With a validation set the best epoch's
    /// weights are the result, with or without early stopping; without one, the last epoch's.
    /// </summary>
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>What is done with images that cannot be read while training. Default: throw.</summary>
    public InvalidImageHandling InvalidImages { get; init; } = InvalidImageHandling.Throw;

    /// <summary>
    /// The type that matrix products are computed in, while training and by the trained transformer (<see cref="VitTransformer.WithPrecision"/> makes another of it). While training, weights and optimizer state are 32-bit
    /// floats; with <see cref="VitPrecision.BFloat16"/> the result's blocks are rounded to it, in memory and in the zip, and a training that goes on from that zip begins with these. Default: <see cref="VitPrecision.Float32"/>.
    /// </summary>
    public VitPrecision Precision { get; init; } = VitPrecision.Float32;

    /// <summary>
    /// Whether the backward pass computes each block once more in place of keeping its activations (Chen et al. 2016, arXiv 1604.06174): the same gradients with less memory, for about a
    /// third more arithmetic. It pays on GPUs, which have the whole batch at once; a CPU takes few images at a time and keeps little in any case. Default false.
    /// </summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Where to run: "auto", "cpu", "cuda" or "cuda:N". Auto takes CUDA where MLContext.GpuDeviceId names a device, or where one is present. Default "auto".</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Seed of initialisation, order, augmentation and dropout; null takes the MLContext's. Default null.</summary>
    public int? Seed { get; init; }

    /// <summary>Images per forward pass when scoring and validating. Default 16.</summary>
    public int ScoringBatchSize { get; init; } = 16;

    /// <summary>Receives every epoch's metrics; they also reach the ML.NET log and the transformer's history. Default null.</summary>
    public IProgress<EpochMetrics>? Progress { get; init; }

    /// <summary>
    /// A folder in which the training keeps its state after every epoch, in the last two of its checkpoints; null for none. A training that is started again with the same options and images goes on
    /// from there and ends as one that was never interrupted, bit for bit on the same device and number of threads. With a time budget the seconds used count on, reading the images anew left out;
    /// its result depends on the clock, as without interruption. Where the training had ended, its result is returned at once. Options and images that decide the result must be the same, else
    /// InvalidOperationException names what changed; device, number of threads, progress, names of columns and the like may differ. The first checkpoint comes after <see cref="Pretraining"/>, which
    /// a run that was stopped within it begins anew. One folder serves one training at a time, so none suits cross-validation. A checkpoint takes three to five times the model's memory on disk, and
    /// while one is written there are three; one that cannot be written is a warning, a damaged one is passed over for the one before. Default null.
    /// </summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Steps after which a checkpoint is written within an epoch as well, 1 or more; null writes only at its end. Needs <see cref="CheckpointDirectory"/>. Default null.</summary>
    public int? CheckpointSteps { get; init; }

    /// <summary>
    /// A folder for TensorBoard (<c>tensorboard --logdir</c>); each fit writes loss, accuracy, learning rate and speed of every epoch into a new sub-folder, a run named by the time.
    /// It is made where it does not exist. Null writes none. Default null.
    /// </summary>
    public string? LogDirectory { get; init; }

    /// <summary>Stops training within a batch, as <see cref="CancellationBehavior"/> says. Default: none.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>
    /// Whether a cancelled training throws OperationCanceledException or ends with the best it has. With <see cref="CheckpointDirectory"/> a checkpoint is written in either case. Default: throw.
    /// </summary>
    public VitCancellation CancellationBehavior { get; init; } = VitCancellation.Throw;
}
