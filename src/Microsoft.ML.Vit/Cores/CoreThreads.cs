using System.Diagnostics;
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

    /// <summary>How long a thread that has worked looks out for more work before it goes to sleep, from which it takes about as long to wake.</summary>
    private static readonly long s_lookout = Stopwatch.Frequency / 10_000;

    /// <summary>The same for one that was woken without work, since calls follow each other closely: the one under way must end first.</summary>
    private static readonly long s_longLookout = Stopwatch.Frequency / 500;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _sharing;
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _starts;
    private readonly CountdownEvent _running = new(1);
    private readonly Action<int>?[] _work; // of each thread; null when it is only to be awake
    private ExceptionDispatchInfo? _error;
    private int _sharers;
    private int _awake; // threads but the first that look out for work
    private long _ended; // when the last caller left nobody behind
    private volatile bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">1 or more; one needs no thread: the caller's does the work, with all of libtorch's own threads.</param>
    public CoreThreads(int count)
    {
        Count = count;
        _sharing = new SemaphoreSlim(count);
        _starts = [.. Enumerable.Range(0, count > 1 ? count : 0).Select(_ => new SemaphoreSlim(0))];
        _work = new Action<int>?[count];
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
        Start(work, first: 0);
        End();
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

    /// <summary>
    /// Runs the work, which uses nothing of libtorch, on the caller's thread as index 0 and the other threads, or on the caller's alone while others call too: then each caller keeps a core busy by itself.
    /// No more do so at once than there are cores; the others wait.
    /// </summary>
    /// <param name="work">Given the index of a thread and how many do the work.</param>
    /// <param name="isShort">Whether it is done before a sleeping thread has woken up: then the caller shares it only with threads that are awake.</param>
    public void Share(Action<int, int> work, bool isShort = false)
    {
        bool first = Interlocked.Increment(ref _sharers) == 1;
        _sharing.Wait();
        try
        {
            bool alone = !first || Count == 1;
            if (!alone && isShort && Volatile.Read(ref _awake) < Count - 1)
            {
                alone = true;
                WakeForTheNext();
            }
            if (alone || !_gate.TryEnter())
            {
                work(0, 1);
                return;
            }
            try
            {
                Start(index => work(index, Count), first: 1);
                Do(0);
                End();
            }
            finally
            {
                _gate.Exit();
            }
        }
        finally
        {
            _sharing.Release();
            if (Interlocked.Decrement(ref _sharers) == 0)
            {
                Volatile.Write(ref _ended, Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Ends the threads. Not while they work.</summary>
    public void Dispose()
    {
        _disposed = true;
        Wake(first: 0);
        Array.ForEach(_threads, thread => thread.Join());
        Array.ForEach(_starts, start => start.Dispose());
        _running.Dispose();
        _sharing.Dispose();
    }

    /// <summary>Wakes the other threads where calls follow each other closely, so that the next ones find them awake.</summary>
    private void WakeForTheNext()
    {
        if (Stopwatch.GetTimestamp() - Volatile.Read(ref _ended) < s_lookout)
        {
            Wake(first: 1);
        }
    }

    private void Start(Action<int> work, int first)
    {
        _error = null;
        _running.Reset(Count);
        Array.Fill(_work, work);
        Wake(first);
    }

    private void Wake(int first)
    {
        foreach (SemaphoreSlim start in _starts.AsSpan(first))
        {
            start.Release();
        }
    }

    private void End()
    {
        _running.Wait();
        _error?.Throw();
    }

    private void Run(int index)
    {
        long lookout = s_lookout;
        while (true)
        {
            LookOut(index, lookout);
            _starts[index].Wait();
            if (_disposed)
            {
                return;
            }
            lookout = Do(index) ? s_lookout : s_longLookout;
        }
    }

    private void LookOut(int index, long duration)
    {
        int counted = index > 0 ? 1 : 0; // the first thread's share of shared work is the caller's
        Interlocked.Add(ref _awake, counted);
        long until = Stopwatch.GetTimestamp() + duration;
        while (_starts[index].CurrentCount == 0 && Stopwatch.GetTimestamp() < until)
        {
            Thread.SpinWait(10);
        }
        Interlocked.Add(ref _awake, -counted);
    }

    /// <summary>Does a thread's work, once; false where it has none.</summary>
    private bool Do(int index)
    {
        if (Interlocked.Exchange(ref _work[index], null) is not { } work)
        {
            return false;
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
        return true;
    }
}
