using System.Collections.Concurrent;
using System.Diagnostics;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// Batches that other threads make while the caller works on those before: as many ahead as there are threads, and two more. They come in order, and an exception that one of them met comes
/// in its place. Disposing ends the work, waits for it, and frees the batches that nobody took.
/// </summary>
/// <param name="count">How many there are.</param>
/// <param name="threads">How many are made at once.</param>
/// <param name="newMaker">Gives a maker for one thread.</param>
/// <param name="make">Makes the i-th batch.</param>
internal sealed class BatchesAhead(int count, int threads, Func<BatchMaker> newMaker, Func<BatchMaker, int, CancellationToken, Batch> make) : IDisposable
{
    private readonly TaskScheduler _scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
    private readonly ConcurrentStack<BatchMaker> _makers = [];
    private readonly Queue<Task<Batch>> _ahead = [];
    private readonly CancellationTokenSource _stop = new();
    private int _next;

    /// <summary>How long the caller has waited.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The next batch, the caller's to dispose. Not beyond the last.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while it was waited for.</exception>
    public Batch Take(CancellationToken cancellationToken)
    {
        for (; _next < count && _ahead.Count < threads + 2; _next++)
        {
            int index = _next;
            _ahead.Enqueue(Task.Factory.StartNew(() => Make(index), _stop.Token, TaskCreationOptions.DenyChildAttach, _scheduler));
        }
        Task<Batch> task = _ahead.Peek();
        if (!task.IsCompleted)
        {
            long start = Stopwatch.GetTimestamp();
            Task.WaitAny([task], cancellationToken);
            Waited += Stopwatch.GetElapsedTime(start);
        }
        Batch batch = task.GetAwaiter().GetResult();
        _ahead.Dequeue();
        return batch;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (Task<Batch> task in _ahead)
        {
            ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
            if (task.IsCompletedSuccessfully)
            {
                task.Result.Dispose();
            }
        }
        _stop.Dispose();
    }

    private Batch Make(int index)
    {
        if (!_makers.TryPop(out BatchMaker? maker))
        {
            maker = newMaker();
        }
        Batch batch = make(maker, index, _stop.Token);
        _makers.Push(maker);
        return batch;
    }
}
