using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch.utils;

namespace Microsoft.ML.Vit.Training;

/// <summary>
/// A training's figures as a run of TensorBoard, an epoch a step. TorchSharp's writer opens and closes its file for every figure, so that what was added
/// is on the disk however the training ends.
/// </summary>
internal sealed class TensorBoardLog
{
    private static readonly Lock s_naming = new();

    private readonly Action<string> _warn;
    private SummaryWriter? _writer;

    private TensorBoardLog(SummaryWriter writer, Action<string> warn)
    {
        _writer = writer;
        _warn = warn;
    }

    /// <summary>Begins a run in a new folder of the directory; null where there is no directory.</summary>
    /// <param name="directory">Made where it does not exist.</param>
    /// <param name="warn">Told when the log cannot be written any more.</param>
    /// <exception cref="IOException">The run's folder or file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static TensorBoardLog? Open(string? directory, Action<string> warn) =>
        directory is null ? null : new TensorBoardLog(tensorboard.SummaryWriter(NewRun(directory)), warn);

    /// <summary>Writes an epoch. A log that fails does not end the training: it warns, and writes no more.</summary>
    public void Add(EpochMetrics metrics)
    {
        try
        {
            Write("loss/training", metrics.TrainingLoss, metrics.Epoch);
            Write("loss/validation", metrics.ValidationLoss, metrics.Epoch);
            Write("accuracy/training", metrics.TrainingAccuracy, metrics.Epoch);
            Write("accuracy/validation", metrics.ValidationAccuracy, metrics.Epoch);
            Write("learning_rate", metrics.LearningRate, metrics.Epoch);
            Write("images_per_second", metrics.ImagesPerSecond, metrics.Epoch);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"TensorBoard's log in {_writer?.LogDir} cannot be written and ends with epoch {metrics.Epoch}: {e.Message}");
            _writer = null;
        }
    }

    // TensorBoard reads the time as seconds since 1970; the writer's own default is 0.
    private void Write(string tag, double? value, int epoch)
    {
        if (value is { } number)
        {
            _writer?.add_scalar(tag, (float)number, epoch, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
    }

    /// <summary>A folder named by the time; another fit's of the same moment (of a cross-validation, say) is not shared, as their curves would run into one.</summary>
    private static string NewRun(string directory)
    {
        lock (s_naming)
        {
            string name = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
            string run = Path.Combine(directory, name);
            for (int i = 2; Path.Exists(run); i++)
            {
                run = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{name}-{i}"));
            }
            return Directory.CreateDirectory(run).FullName;
        }
    }
}
