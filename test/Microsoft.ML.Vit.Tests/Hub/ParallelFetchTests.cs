using Microsoft.ML.Vit.Hub;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class ParallelFetchTests
{
    [TestMethod]
    public async Task ParallelClientsFetchEachFileOnce()
    {
        using var setup = new HubSetup();
        string[] snapshots = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => setup.Fetch())));
        Assert.AreEqual(1, snapshots.Distinct().Count());
        setup.AssertWhole(snapshots[0]);
        Assert.AreEqual(1, setup.Server.Requests.Count(request => request.IsStorage));
        Assert.AreEqual(1, setup.Server.Requests.Count(request => request.IsFor("GET", "config.json") && request.Path.StartsWith("/api/", StringComparison.Ordinal)));
    }

    [TestMethod]
    public async Task HeldLockIsWaitedFor()
    {
        using var setup = new HubSetup();
        string path = Path.Combine(setup.Options.CacheFolder, ".locks", "models--owner--vit", HubServer.Sha256(setup.Weights) + ".lock");
        using IDisposable held = await BlobLock.TakeAsync(path, () => Assert.Fail("nobody else holds it"), CancellationToken.None);
        Task<string> fetch = Task.Run(() => setup.Fetch());
        Assert.AreNotSame(fetch, await Task.WhenAny(fetch, Task.Delay(300)));
        Assert.AreEqual(0, setup.Server.Requests.Count(request => request.IsStorage));
        held.Dispose();
        setup.AssertWhole(await fetch);
        Assert.IsTrue(setup.Progress.Any(update => update.Note?.Contains("another process", StringComparison.Ordinal) == true));
    }

    [TestMethod]
    public async Task CancellationEndsTheWaitForALock()
    {
        using var folder = new TemporaryFolder();
        using IDisposable held = await BlobLock.TakeAsync(folder["a.lock"], () => { }, CancellationToken.None);
        using var cancel = new CancellationTokenSource(100);
        await Assert.ThrowsAsync<OperationCanceledException>(() => BlobLock.TakeAsync(folder["a.lock"], () => { }, cancel.Token));
    }
}
