using System.Diagnostics;
using Microsoft.ML.Vit.Cores;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Cores;

[TestClass]
public sealed class CoreThreadsTests
{
    [TestCleanup]
    public void OneThreadAgain() => set_num_threads(1);

    [TestMethod]
    public void EachThreadWorksAloneAndTheCallerKeepsItsNumber()
    {
        set_num_threads(3);
        using var threads = new CoreThreads(3);
        Assert.AreEqual(3, get_num_threads());
        int[] numbers = new int[3];
        int[] ids = new int[3];
        threads.ForEach(i =>
        {
            using Tensor sum = ones(1 << 20).sum(); // large enough to be divided, had the thread others
            (numbers[i], ids[i]) = (get_num_threads(), Environment.CurrentManagedThreadId);
        });
        CollectionAssert.AreEqual(new[] { 1, 1, 1 }, numbers);
        CollectionAssert.AllItemsAreUnique(ids);
    }

    [TestMethod]
    public void OneThreadIsTheCallers()
    {
        using var threads = new CoreThreads(1);
        int id = 0;
        threads.ForEach(_ => id = Environment.CurrentManagedThreadId);
        Assert.AreEqual(Environment.CurrentManagedThreadId, id);
    }

    [TestMethod]
    public void WhoFindsTheThreadsAtWorkIsToldSoAtOnce()
    {
        using var threads = new CoreThreads(2);
        bool second = true;
        int done = 0;
        bool first = threads.TryForEach(i => second &= i == 1 || threads.TryForEach(_ => done++));
        Assert.AreEqual((true, false, 0), (first, second, done));
        Assert.IsTrue(threads.TryForEach(_ => Interlocked.Increment(ref done)));
        Assert.AreEqual(2, done);
    }

    [TestMethod]
    public void SharedWorkIsTheCallersAndTheOtherThreads()
    {
        using var threads = new CoreThreads(3);
        int[] ids = new int[3];
        threads.Share((thread, count) => ids[thread] = count == 3 ? Environment.CurrentManagedThreadId : 0);
        Assert.AreEqual(Environment.CurrentManagedThreadId, ids[0]);
        CollectionAssert.AllItemsAreUnique(ids);
        Assert.ThrowsExactly<InvalidDataException>(() => threads.Share((thread, _) =>
        {
            if (thread == 2)
            {
                throw new InvalidDataException("no");
            }
        }));
    }

    [TestMethod]
    public void ShortWorkIsSharedOnlyWhereCallsFollowEachOtherClosely()
    {
        using var threads = new CoreThreads(2);
        int Sharers()
        {
            int sharers = 0, done = 0;
            threads.Share((thread, count) =>
            {
                sharers = thread == 0 ? count : sharers;
                Interlocked.Increment(ref done);
                Thread.SpinWait(5000);
            }, isShort: true);
            Assert.AreEqual(sharers, done);
            return sharers;
        }

        var watch = Stopwatch.StartNew();
        while (Sharers() == 1)
        {
            Assert.IsLessThan(20, watch.Elapsed.TotalSeconds);
        }
        // One by one; a loaded machine may leave the other thread awake for once.
        Assert.IsTrue(Enumerable.Range(0, 5).Any(_ =>
        {
            Thread.Sleep(100);
            return Sharers() == 1;
        }), "always shared");
        threads.ForEach(_ => Thread.SpinWait(100));
    }

    [TestMethod]
    public void OfManyCallersAtOnceNoMoreWorkThanThereAreThreadsAndEachDoesItAll()
    {
        using var threads = new CoreThreads(2);
        int atOnce = 0, most = 0, alone = 0;
        int[] done = new int[32];
        Thread[] callers = [.. done.Select((_, caller) => new Thread(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                threads.Share((thread, count) =>
                {
                    Interlocked.Add(ref done[caller], 2 / count);
                    if (thread == 0)
                    {
                        InterlockedMax(ref most, Interlocked.Increment(ref atOnce));
                        Interlocked.Add(ref alone, 2 - count);
                        Thread.SpinWait(2000);
                        Interlocked.Decrement(ref atOnce);
                    }
                });
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        Assert.IsTrue(done.All(parts => parts == 100), string.Join(' ', done));
        Assert.IsTrue(most <= 2, $"{most} at once");
        Assert.IsGreaterThan(0, alone);
    }

    [TestMethod]
    [DataRow(1, 4, 2, 1)]
    [DataRow(8, 3, 2, 4)]
    [DataRow(9, 3, 2, 4)]
    [DataRow(7, int.MaxValue, 2, 2)]
    [DataRow(3, 1, 8, 3)]
    public void PartsHoldEveryImageOnceAndDivideAmongTheThreads(int images, int size, int threads, int parts)
    {
        IReadOnlyList<Range> ranges = MicroBatches.Parts(images, size, threads);
        CollectionAssert.AreEqual(Enumerable.Range(0, images).ToArray(), ranges.SelectMany(range => Enumerable.Range(range.Start.Value, range.End.Value - range.Start.Value)).ToArray());
        Assert.HasCount(parts, ranges);
        Assert.IsTrue(ranges.All(range => range.End.Value - range.Start.Value <= size));
    }

    [TestMethod]
    public void FailureIsThrownAfterAllHaveEnded()
    {
        using var threads = new CoreThreads(2);
        int ended = 0;
        Assert.ThrowsExactly<InvalidDataException>(() => threads.ForEach(i =>
        {
            if (i == 0)
            {
                throw new InvalidDataException("no");
            }
            Thread.Sleep(50);
            ended++;
        }));
        Assert.AreEqual(1, ended);
        threads.ForEach(_ => Interlocked.Increment(ref ended));
        Assert.AreEqual(3, ended);
    }

    private static void InterlockedMax(ref int place, int value)
    {
        for (int seen = place; value > seen; seen = place)
        {
            Interlocked.CompareExchange(ref place, value, seen);
        }
    }
}
