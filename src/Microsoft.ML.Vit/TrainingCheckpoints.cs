using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit;

/// <summary>
/// The folder in which one training keeps its checkpoints, the last two, and from which it is taken up again. While it is open no other process, and no other training of this one, can open it.
/// </summary>
internal sealed class TrainingCheckpoints : ITrainingStore, IDisposable
{
    private const string Pattern = "step-*.safetensors";

    private readonly string _folder;
    private readonly IChannel _channel;
    private readonly FileStream _lock;
    private TrainingFile? _file; // what is resumed from, until it was read
    private string? _newest;
    private string? _former;
    private IReadOnlyDictionary<string, string> _settings = new Dictionary<string, string>();
    private int _seed;
    private List<EpochMetrics> _history = [];

    private TrainingCheckpoints(string folder, int? interval, IChannel channel, FileStream locked)
    {
        _folder = folder;
        Interval = interval;
        _channel = channel;
        _lock = locked;
    }

    /// <inheritdoc/>
    public int? Interval { get; }

    /// <inheritdoc/>
    public TrainingProgress? Earlier => Description?.Progress;

    /// <summary>The seed of the earlier run; null where there was none.</summary>
    public int? EarlierSeed => Description?.Seed;

    private TrainingDescription? Description { get; set; }

    /// <summary>Opens the folder, makes it where it is not there, and looks for the newest checkpoint that can be read.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="interval">Steps from one checkpoint to the next; null keeps the ends of epochs only.</param>
    /// <param name="channel">Is told what was found.</param>
    /// <exception cref="InvalidOperationException">Another training has it open, or it has checkpoints of which none can be read.</exception>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static TrainingCheckpoints Open(string folder, int? interval, IChannel channel)
    {
        string full = Path.GetFullPath(folder);
        Directory.CreateDirectory(full);
        var checkpoints = new TrainingCheckpoints(full, interval, channel, Lock(full));
        try
        {
            checkpoints.FindNewest();
            return checkpoints;
        }
        catch
        {
            checkpoints.Dispose();
            throw;
        }
    }

    /// <summary>Says what this run is, and refuses to go on with an earlier one of something else.</summary>
    /// <param name="settings">What decides its outcome.</param>
    /// <param name="seed">The seed of everything random.</param>
    /// <param name="history">Receives what the earlier run's epochs gave; this run's are added to it.</param>
    /// <exception cref="InvalidOperationException">The earlier run had other settings; the message names each.</exception>
    public void Begin(IReadOnlyDictionary<string, string> settings, int seed, List<EpochMetrics> history)
    {
        (_settings, _seed, _history) = (settings, seed, history);
        if (Description is not { } earlier)
        {
            return;
        }
        if (SettingList.Changes(earlier.Settings, settings) is { Count: > 0 } changes)
        {
            throw new InvalidOperationException(
                $"The checkpoints in {_folder} are of a training with other settings, which cannot go on with these: {string.Join("; ", changes.Take(20))}{(changes.Count > 20 ? $" … ({changes.Count})" : "")}. "
                + $"Set them back to go on, or give another {nameof(VitOptions.CheckpointDirectory)} or delete this one to begin anew.");
        }
        if (earlier.Threads != get_num_threads())
        {
            _channel.Warning($"The training began with {earlier.Threads} threads and goes on with {get_num_threads()}: its result will differ in rounding.");
        }
        history.AddRange(earlier.History);
        TrainingProgress progress = earlier.Progress;
        _channel.Info(progress.IsOver
            ? $"The training had ended at step {progress.Steps}; its result is taken from {_file!.Path}."
            : $"Goes on from step {progress.Steps} (epoch {progress.Epoch}, batch {progress.Batch + 1}) of {_file!.Path}.");
    }

    /// <inheritdoc/>
    public void Read(IEnumerable<(string Name, Tensor Value)> state)
    {
        _file!.Read(state);
        _file.Dispose();
        _file = null;
    }

    /// <inheritdoc/>
    public void Write(TrainingProgress progress, IEnumerable<(string Name, Tensor Value)> state)
    {
        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"step-{progress.Steps:D9}.safetensors"));
        var description = new TrainingDescription { Seed = _seed, Threads = get_num_threads(), Settings = _settings, Progress = progress, History = _history };
        try
        {
            TrainingFile.Write(path, description, state);
            if (path != _newest)
            {
                (_former, _newest) = (_newest, path);
            }
            foreach (string other in Directory.EnumerateFiles(_folder, Pattern).Where(file => file != _newest && file != _former))
            {
                File.Delete(other);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The hours of training are worth more than this one checkpoint.
            _channel.Warning($"The checkpoint {path} could not be written: {e.Message} Training goes on.");
        }
    }

    /// <summary>Opens the folder to others.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _lock.Dispose();
    }

    private static FileStream Lock(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult is 11 or 35 or unchecked((int)0x80070020)) // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION
        {
            throw new InvalidOperationException($"The checkpoints in {folder} belong to a training that is under way ({e.Message}); give another {nameof(VitOptions.CheckpointDirectory)}.", e);
        }
    }

    private void FindNewest()
    {
        foreach (string unfinished in Directory.EnumerateFiles(_folder, Pattern + TrainingFile.UnfinishedSuffix))
        {
            File.Delete(unfinished);
        }
        var damages = new List<string>();
        foreach (string path in Directory.EnumerateFiles(_folder, Pattern).OrderDescending(StringComparer.Ordinal))
        {
            try
            {
                _file = TrainingFile.Open(path);
                Description = _file.Description;
                _newest = path;
                damages.ForEach(damage => _channel.Warning($"{damage} The one before it, {path}, is taken."));
                return;
            }
            catch (Exception e) when (e is FormatException or InvalidDataException)
            {
                damages.Add($"A checkpoint cannot be read. {e.Message}");
            }
        }
        if (damages.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join(" ", damages)} No other is in {_folder}: delete it to begin anew.");
        }
    }
}
