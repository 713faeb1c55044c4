using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Interop;

[TestClass]
public sealed class NativeAllocatorTests
{
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void AThreadThatFreesAndAllocatesAnewTakesFewNewPages()
    {
        if (!File.Exists("/proc/thread-self/stat") || Environment.GetEnvironmentVariable("MALLOC_TRIM_THRESHOLD_") is not null)
        {
            Assert.Inconclusive("Page faults of a thread are not to be had here, or the user has set how memory is allocated.");
        }
        long faults = -1;
        var thread = new Thread(() =>
        {
            void Step()
            {
                using var scope = NewDisposeScope();
                for (int i = 0; i < 6; i++)
                {
                    ones(1 << 20); // 4 MB, 1,024 pages
                }
            }
            Step();
            Step();
            long before = Faults();
            for (int i = 0; i < 10; i++)
            {
                Step();
            }
            faults = Faults() - before;
        });
        thread.Start();
        thread.Join();
        // Without the settings all 61,440; heaps that other threads share may yet be full, and some blocks be mapped for themselves.
        Assert.IsLessThan(20_000, faults, "10 steps of 6,144 pages each took new pages from the system.");
    }

    /// <summary>The thread's minor page faults: the tenth field, of which the second may hold blanks.</summary>
    private static long Faults()
    {
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[7]);
    }
}
