using System.Diagnostics;

namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// Where threads wait until all of them have come. They come within microseconds of each other, so nobody goes to sleep at once, which takes longer to wake from. Who waits longer does sleep: then one of the
/// others has lost its core to another program, and gets the one that is left to it.
/// </summary>
/// <param name="threads">How many.</param>
internal sealed class CoreBarrier(int threads)
{
    private static readonly long s_patience = Stopwatch.Frequency / 5_000; // 200 microseconds, about what sleeping and waking cost

    private readonly object _gate = new();
    private int _arrived;
    private volatile int _phase;

    /// <summary>Waits for the others; may be used again at once.</summary>
    public void Wait()
    {
        int phase = _phase;
        if (Interlocked.Increment(ref _arrived) == threads)
        {
            _arrived = 0;
            lock (_gate)
            {
                _phase = phase + 1;
                Monitor.PulseAll(_gate);
            }
            return;
        }
        long until = Stopwatch.GetTimestamp() + s_patience;
        while (_phase == phase && Stopwatch.GetTimestamp() < until)
        {
            Thread.SpinWait(4);
        }
        if (_phase == phase)
        {
            Sleep(phase);
        }
    }

    private void Sleep(int phase)
    {
        lock (_gate)
        {
            while (_phase == phase)
            {
                Monitor.Wait(_gate);
            }
        }
    }
}
