using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>
/// The threads of this process on which networks score on the CPU, whoever asks. libtorch gives each thread that computes a team of helpers of its own, one a core, and malloc gives each its own memory:
/// under 64 threads of a server that would be 64 teams. Here a pass that is alone has the one team, and passes beside each other run on one thread each, as many as there are cores; others wait.
/// Scores do not depend on it: products of a forward pass are the same for any number of threads.
/// </summary>
internal static class ScoringThreads
{
    private static readonly Lazy<(BlockingCollection<Pass> Alone, BlockingCollection<Pass> Side)> s_queues = new(Start);

    private static int s_passes;

    [ThreadStatic]
    private static bool s_isOne;

    /// <summary>Does the work on one of the threads and waits for it; what it throws is thrown on.</summary>
    public static void Run(Action work)
    {
        if (s_isOne)
        {
            work();
            return;
        }
        var pass = new Pass(work);
        try
        {
            (Interlocked.Increment(ref s_passes) == 1 ? s_queues.Value.Alone : s_queues.Value.Side).Add(pass);
            pass.Wait();
        }
        finally
        {
            Interlocked.Decrement(ref s_passes);
        }
    }

    private static (BlockingCollection<Pass> Alone, BlockingCollection<Pass> Side) Start()
    {
        int own = get_num_threads();
        (BlockingCollection<Pass> Alone, BlockingCollection<Pass> Side) queues = ([], []);
        using var ready = new CountdownEvent(own);
        Begin("ViT scoring", () => Serve(queues.Alone));
        for (int i = 0; i < own; i++)
        {
            Begin($"ViT scoring {i}", () =>
            {
                // A thread's first question makes libtorch give it the process's number; only then can it have its own.
                _ = get_num_threads();
                set_num_threads(1);
                ready.Signal();
                Serve(queues.Side);
            });
        }
        ready.Wait();
        // Setting a thread's number also sets the one that later threads begin with.
        set_num_threads(own);
        return queues;
    }

    private static void Begin(string name, Action run) => new Thread(() => { s_isOne = true; run(); }) { IsBackground = true, Name = name }.Start();

    private static void Serve(BlockingCollection<Pass> queue)
    {
        foreach (Pass pass in queue.GetConsumingEnumerable())
        {
            pass.Do();
        }
    }

    private sealed class Pass(Action work)
    {
        private readonly object _gate = new();
        private ExceptionDispatchInfo? _error;
        private bool _isDone;

        public void Do()
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                _error = ExceptionDispatchInfo.Capture(e);
            }
            lock (_gate)
            {
                _isDone = true;
                Monitor.Pulse(_gate);
            }
        }

        public void Wait()
        {
            lock (_gate)
            {
                while (!_isDone)
                {
                    Monitor.Wait(_gate);
                }
            }
            _error?.Throw();
        }
    }
}
