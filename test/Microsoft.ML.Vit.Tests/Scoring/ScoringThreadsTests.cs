using System.Collections.Concurrent;
using Microsoft.ML.Vit.Scoring;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Scoring;

[TestClass]
public sealed class ScoringThreadsTests
{
    [TestMethod]
    public void SixtyFourCallersShareFewThreadsEachOfWhichComputesAlone()
    {
        int own = get_num_threads();
        var found = new ConcurrentDictionary<int, int>();
        int atOnce = 0, most = 0;
        Thread[] callers = [.. Enumerable.Range(0, 64).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                ScoringThreads.Run(() =>
                {
                    found[Environment.CurrentManagedThreadId] = get_num_threads();
                    int now = Interlocked.Increment(ref atOnce);
                    for (int seen = most; now > seen; seen = most)
                    {
                        Interlocked.CompareExchange(ref most, now, seen);
                    }
                    Thread.Sleep(1);
                    Interlocked.Decrement(ref atOnce);
                });
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        // One for a pass that is alone, with all of libtorch's threads, and as many as these are for passes beside each other, with one.
        Assert.IsTrue(most <= own + 1 && found.Count <= own + 1, $"{most} at once on {found.Count} threads, where libtorch has {own}");
        Assert.AreEqual(found.Count - (own == 1 ? 0 : 1), found.Values.Count(threads => threads == 1));
        Assert.AreEqual(own, get_num_threads(), "the caller's own number stays");
    }

    [TestMethod]
    public void WhatThrowsIsThrownOnAndTheThreadGoesOn()
    {
        int thread = 0;
        var thrown = Assert.ThrowsExactly<InvalidOperationException>(() => ScoringThreads.Run(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            throw new InvalidOperationException("a pass");
        }));
        Assert.AreEqual("a pass", thrown.Message);
        ScoringThreads.Run(() => Assert.AreEqual(thread, Environment.CurrentManagedThreadId));
        Assert.AreNotEqual(thread, Environment.CurrentManagedThreadId);
    }

    [TestMethod]
    public void PassWithinAPassIsNotWaitedFor()
    {
        int outer = 0, inner = 1;
        ScoringThreads.Run(() =>
        {
            outer = Environment.CurrentManagedThreadId;
            ScoringThreads.Run(() => inner = Environment.CurrentManagedThreadId);
        });
        Assert.AreEqual(outer, inner);
    }
}
