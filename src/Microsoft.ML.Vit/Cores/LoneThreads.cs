using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Cores;

/// <summary>Threads on each of which libtorch computes alone, without a team of helpers.</summary>
internal static class LoneThreads
{
    /// <summary>Starts them, in the background.</summary>
    /// <param name="count">1 or more.</param>
    /// <param name="name">What they are called, before their number.</param>
    /// <param name="run">What they do, given their number from 0.</param>
    public static Thread[] Start(int count, string name, Action<int> run)
    {
        int own = get_num_threads();
        using var ready = new CountdownEvent(count);
        void Begin(int index)
        {
            // A thread's first question makes libtorch give it the process's number; only then can it have its own.
            _ = get_num_threads();
            set_num_threads(1);
            ready.Signal();
            run(index);
        }
        Thread[] threads = [.. Enumerable.Range(0, count).Select(index => new Thread(() => Begin(index)) { IsBackground = true, Name = $"{name} {index}" })];
        Array.ForEach(threads, thread => thread.Start());
        ready.Wait();
        // Setting a thread's number also sets the one that later threads begin with.
        set_num_threads(own);
        return threads;
    }
}
