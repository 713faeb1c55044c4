using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.ML.Vit.Cores;
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
        (BlockingCollection<Pass> Alone, BlockingCollection<Pass> Side) queues = ([], []);
        new Thread(() => Serve(queues.Alone)) { IsBackground = true, Name = "ViT scoring" }.Start();
        LoneThreads.Start(get_num_threads(), "ViT scoring", _ => Serve(queues.Side));
        return queues;
    }

    private static void Serve(BlockingCollection<Pass> queue)
    {
        s_isOne = true;
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
