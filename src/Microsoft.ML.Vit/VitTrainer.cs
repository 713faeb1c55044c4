using System.Diagnostics;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Scoring;
using Microsoft.ML.Vit.Training;
using TorchSharp;

namespace Microsoft.ML.Vit;

/// <summary>
/// Learns to classify images with a Vision Transformer. Made by <c>MulticlassClassification.Trainers.Vit()</c>. It holds no state between fits, so that cross-validation
/// may fit it again and again.
/// </summary>
public sealed partial class VitTrainer : IEstimator<VitTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly IHost _host;
    private readonly VitOptions _options;

    internal VitTrainer(IHostEnvironment environment, VitOptions options)
    {
        string[] problems = [.. options.Problems()];
        if (problems.Length > 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), string.Join(" ", problems));
        }
        NativeLoader.EnsureLoaded();
        _environment = environment;
        _host = environment.Register(nameof(VitTrainer));
        _options = options;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The label or the image column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column label = TrainingColumns.LabelShape(_host, inputSchema, _options.LabelColumnName);
        TrainingColumns.CheckFeatureShape(_host, inputSchema, _options.FeatureColumnName);
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(column => column.Name);
        foreach (SchemaShape.Column added in ClassificationColumns.ShapeOf(_options.PredictedLabelColumnName, _options.ScoreColumnName, label))
        {
            columns[added.Name] = added;
        }
        return new SchemaShape(columns.Values);
    }

    /// <summary>Trains on the rows, validating on what the options say.</summary>
    /// <param name="input">Rows with a label (a key) and an image; rows without a label are left out.</param>
    /// <returns>The trained model; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type, or the images do not fit the model.</exception>
    /// <exception cref="InvalidOperationException">No rows, fewer than two classes, no such device, or a loss that is no number.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read.</exception>
    /// <exception cref="FileNotFoundException">An image's file is missing.</exception>
    /// <exception cref="IOException">The log or the checkpoint directory cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public VitTransformer Fit(IDataView input) => Fit(input, _options.ValidationSet);

    /// <summary>Trains on the rows and validates on others; the best epoch's weights are the result.</summary>
    /// <param name="trainData">Rows with a label (a key) and an image; rows without a label are left out.</param>
    /// <param name="validationData">Rows of the same columns; null validates on what <see cref="VitOptions.ValidationFraction"/> says.</param>
    /// <returns>The trained model; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type, or the images do not fit the model.</exception>
    /// <exception cref="InvalidOperationException">No rows, fewer than two classes, no such device, or a loss that is no number.</exception>
    /// <exception cref="InvalidDataException">An image cannot be read.</exception>
    /// <exception cref="FileNotFoundException">An image's file is missing.</exception>
    /// <exception cref="IOException">The log or the checkpoint directory cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public VitTransformer Fit(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        using IChannel channel = _host.Start("Fit");
        var watch = Stopwatch.StartNew();
        torch.Device device = DeviceSelector.Select(_environment, channel, _options.Device, "Trains");
        TensorBoardLog? log = TensorBoardLog.Open(_options.LogDirectory, channel.Warning);

        using TrainingCheckpoints? checkpoints = _options.CheckpointDirectory is { } folder ? TrainingCheckpoints.Open(folder, _options.CheckpointSteps, channel) : null;
        SavedClassifier? start = _options.WarmStart is { } path ? SavedClassifier.Open(path) : null;

        // Rows → pixels.
        TrainingColumns columns = TrainingColumns.Of(_host, trainData.Schema, _options.LabelColumnName, _options.FeatureColumnName);
        VitConfig config = ModelFor(columns, start);
        Preprocessing preprocessing = PreprocessingFor(columns, config, start);
        using var storage = new PixelStorage(channel, _options.PixelCacheBytes);
        var reader = new LabeledImageReader(channel, storage, _options.InvalidImages, _options.CancellationToken);
        LabeledImages images = reader.Read(TrainingRows(columns, trainData, preprocessing, storage, channel));
        columns.CheckClasses(images);
        int seed = _options.Seed ?? (_environment as IHostEnvironmentInternal)?.Seed ?? checkpoints?.EarlierSeed ?? _host.Rand.Next();
        (ImageSubset training, ImageSubset? validation) = Divide(images, validationData, reader, columns, preprocessing, seed);
        preprocessing = IsFineTuning ? preprocessing : columns.MeasuredOn(training, preprocessing);
        IReadOnlyList<ImageSubset>? unlabeled = _options.Pretraining is { } asked ? PretrainingImages(asked, training, columns, reader, preprocessing) : null;

        // Pixels → batches → model → training.
        TrainingPlan plan = PlanFor(columns, training, watch.Elapsed);
        channel.Info($"Trains a Vision Transformer of {config.ParameterCount:N0} parameters ({config.ImageSize} pixels, patch {config.PatchSize}, width {config.Width}, depth {config.Depth}) "
            + $"on {training.Count} images of {columns.Labels.Count} classes, {plan.BatchSize} a step, seed {seed}.");
        var history = new List<EpochMetrics>();
        using var generator = new torch.Generator((ulong)(uint)seed);
        var network = new VisionTransformer(config, generator: null);
        try
        {
            Initialize(network, generator, columns, start, channel);
            network.to(device);
            network.ComputeType = PrecisionChoice.Choose(_options.Precision, config, device, channel.Info);
            checkpoints?.Begin(
                TrainingSettings.Of(Resolved(plan, config, seed), preprocessing, columns.Labels.Names, network.ComputeType, training, validation, unlabeled?.Skip(1).SingleOrDefault()), seed, history);
            using var normalizer = new InputNormalizer(preprocessing, device);
            var random = new RandomStreams(seed);
            if (unlabeled is not null && checkpoints?.Earlier is null)
            {
                Pretrain(_options.Pretraining!, network, normalizer, unlabeled, plan, random, channel);
                plan = PlanFor(columns, training, watch.Elapsed);
            }
            using HeadInputs? head = HeadInputs.Of(network, normalizer, plan, training, validation, storage, channel.Info, _options.CancellationToken);
            var loop = new TrainingLoop(network, head?.Normalizer ?? normalizer, plan, random, metrics => Report(channel, history, log, metrics), checkpoints, _options.CancellationToken);
            if (!loop.Run(head?.Training ?? training, head is null ? validation : head.Validation))
            {
                channel.Warning($"Cancelled after {history.Count} epochs; the model is what the training had come to.");
            }

            // Training → transformer.
            network.KeepMatricesIn(network.ComputeType);
            return new VitTransformer(_environment, Describe(network, preprocessing, columns, history), network, device);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Weights from the checkpoint or the saved model, else from the generator.</summary>
    private void Initialize(VisionTransformer network, torch.Generator generator, TrainingColumns columns, SavedClassifier? start, IChannel channel)
    {
        if (!IsFineTuning)
        {
            network.Initialize(_options.Initialization, generator);
            return;
        }
        if (_options.Pretrained is { } checkpoint)
        {
            PretrainedNetwork.Report(channel, checkpoint);
        }
        // Of all the network's weights the checkpoint overwrites all but a new classifier, or its new rows.
        TimmInitialization.ApplyToHead(network, generator, zeros: _options.HeadInitialization == VitHeadInitialization.Zeros);
        foreach (string change in _options.Pretrained?.LoadInto(network, columns.Labels.Names) ?? start!.LoadInto(network, columns.Labels.Names))
        {
            channel.Info(change);
        }
        Freezing.Apply(network, _options.FrozenBlocks, _options.FreezeBackbone);
    }

    private (ImageSubset Training, ImageSubset? Validation) Divide(
        LabeledImages images, IDataView? validationData, LabeledImageReader reader, TrainingColumns columns, Preprocessing preprocessing, int seed)
    {
        if (validationData is not null)
        {
            TrainingColumns its = TrainingColumns.Of(_host, validationData.Schema, _options.LabelColumnName, _options.FeatureColumnName);
            columns.CheckSameLabels(its);
            return (ImageSubset.All(images), ImageSubset.All(reader.Read(its.Rows(validationData, preprocessing, "validation"))));
        }
        if (_options.ValidationFraction > 0 && images.Count > 1)
        {
            return ImageSubset.Split(images, _options.ValidationFraction, new Random(seed));
        }
        return _options.EarlyStoppingPatience is null
            ? (ImageSubset.All(images), null)
            : throw new InvalidOperationException($"{nameof(VitOptions.EarlyStoppingPatience)} is {_options.EarlyStoppingPatience}, but there is nothing to validate on: give a validation set or {nameof(VitOptions.ValidationFraction)}.");
    }

    private void Report(IChannel channel, List<EpochMetrics> history, TensorBoardLog? log, EpochMetrics metrics)
    {
        history.Add(metrics);
        string validation = metrics.ValidationAccuracy is null ? "" : $"; validation loss {metrics.ValidationLoss:F4}, accuracy {metrics.ValidationAccuracy:P1}";
        channel.Info($"Epoch {metrics.Epoch} of {metrics.Epochs}: loss {metrics.TrainingLoss:F4}, accuracy {metrics.TrainingAccuracy:P1}{validation}; "
            + $"{metrics.ImagesPerSecond:F0} images/s, waited for images {metrics.InputWaitShare:P1} of the time, {metrics.SecondsLeft:F0} s left.");
        log?.Add(metrics);
        _options.Progress?.Report(metrics);
    }
}
