using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// As many threads as libtorch would use for one operation, each of which runs its own operations alone. Where work divides into independent parts, that spares the barrier
/// after every operation, and each core finds what it wrote in its own cache.
/// </summary>
internal sealed class CoreThreads : IDisposable
{
    private static readonly Lazy<CoreThreads> s_shared = new(() => new CoreThreads(get_num_threads()));

    private readonly Lock _gate = new();
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _starts;
    private readonly CountdownEvent _running = new(1);
    private Action<int>? _work;
    private ExceptionDispatchInfo? _error;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">1 or more; one needs no thread: the caller's does the work, with all of libtorch's own threads.</param>
    public CoreThreads(int count)
    {
        Count = count;
        _starts = [.. Enumerable.Range(0, count > 1 ? count : 0).Select(_ => new SemaphoreSlim(0))];
        _threads = _starts.Length > 0 ? LoneThreads.Start(count, "ViT core", Run) : [];
    }

    /// <summary>Those that all scoring of this process shares, as many as libtorch used for one operation when they were first asked for.</summary>
    public static CoreThreads Shared => s_shared.Value;

    /// <summary>How many parts run at once.</summary>
    public int Count { get; }

    /// <summary>Runs the work for the indices 0 to Count - 1 side by side and waits for all; the first exception is thrown on.</summary>
    public void ForEach(Action<int> work)
    {
        if (Count == 1)
        {
            work(0);
            return;
        }
        (_work, _error) = (work, null);
        _running.Reset(Count);
        foreach (SemaphoreSlim start in _starts)
        {
            start.Release();
        }
        _running.Wait();
        _work = null;
        _error?.Throw();
    }

    /// <summary>
    /// As <see cref="ForEach"/>, unless the threads are working for another caller: then it does nothing and gives false, and the caller does the work better by itself than it would wait.
    /// </summary>
    public bool TryForEach(Action<int> work)
    {
        if (!_gate.TryEnter())
        {
            return false;
        }
        try
        {
            ForEach(work);
            return true;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Ends the threads. Not while they work.</summary>
    public void Dispose()
    {
        _work = null;
        foreach (SemaphoreSlim start in _starts)
        {
            start.Release();
        }
        Array.ForEach(_threads, thread => thread.Join());
        Array.ForEach(_starts, start => start.Dispose());
        _running.Dispose();
    }

    private void Run(int index)
    {
        while (true)
        {
            _starts[index].Wait();
            if (_work is not { } work)
            {
                return;
            }
            try
            {
                work(index);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
            }
            _running.Signal();
        }
    }
}
