namespace Microsoft.ML.Vit.Cores;

/// <summary>
/// Where threads wait until all of them have come. They come within microseconds of each other, so nobody goes to sleep, which takes longer to wake from; where there are fewer cores than threads, those
/// who wait let others run.
/// </summary>
/// <param name="threads">How many.</param>
internal sealed class CoreBarrier(int threads)
{
    private int _arrived;
    private volatile int _phase;

    /// <summary>Waits for the others; may be used again at once.</summary>
    public void Wait()
    {
        int phase = _phase;
        if (Interlocked.Increment(ref _arrived) == threads)
        {
            _arrived = 0;
            _phase = phase + 1;
            return;
        }
        var spin = new SpinWait();
        while (_phase == phase)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
