using System.Text;
using Microsoft.ML.Vit.Hub;

namespace Microsoft.ML.Vit.Tests.Hub;

[TestClass]
public sealed class SnapshotTests
{
    [TestMethod]
    public void SnapshotHasTheHubsOwnLayoutAndOnlyWhatIsNeeded()
    {
        using var setup = new HubSetup();
        string snapshot = setup.Fetch();

        Assert.AreEqual(Path.Combine(setup.Repository, "snapshots", HubServer.Commit), snapshot);
        CollectionAssert.AreEquivalent(new[] { "config.json", "preprocessor_config.json", "model.safetensors" }, Directory.GetFiles(snapshot).Select(Path.GetFileName).ToArray());
        setup.AssertWhole(snapshot);
        Assert.AreEqual($"../../blobs/{HubServer.Sha256(setup.Weights)}", new FileInfo(Path.Combine(snapshot, "model.safetensors")).LinkTarget!.Replace('\\', '/'));
        Assert.AreEqual($"../../blobs/{HubServer.GitSha1(setup.Server.Files["config.json"])}", new FileInfo(Path.Combine(snapshot, "config.json")).LinkTarget!.Replace('\\', '/'));
        Assert.AreEqual(HubServer.Commit, File.ReadAllText(Path.Combine(setup.Repository, "refs", "main")));
        Assert.AreEqual(3, Directory.GetFiles(Path.Combine(setup.Repository, "blobs")).Length);
        Assert.IsFalse(setup.Server.Requests.Any(request => request.Path.Contains("pytorch_model", StringComparison.Ordinal)));
        HubProgress last = setup.Progress.Last(update => update.File == "model.safetensors");
        Assert.AreEqual((setup.Weights.Length, (long?)setup.Weights.Length), ((int)last.Received, last.Total));
    }

    [TestMethod]
    public void ShardsAreFetchedByTheirIndex()
    {
        using var setup = new HubSetup();
        setup.Server.LargeFiles.Clear();
        setup.Server.LargeFiles["model-00001-of-00002.safetensors"] = setup.Weights[..1000];
        setup.Server.LargeFiles["model-00002-of-00002.safetensors"] = setup.Weights[1000..];
        setup.Server.Files[HubClient.Index] = """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}"""u8.ToArray();

        string snapshot = setup.Fetch();
        CollectionAssert.AreEqual(setup.Weights[1000..], File.ReadAllBytes(Path.Combine(snapshot, "model-00002-of-00002.safetensors")));
        Assert.AreEqual(1, setup.Server.Requests.Count(request => request.IsStorage && request.IsFor("GET", "model-00001-of-00002.safetensors")));
    }

    [TestMethod]
    [DataRow("../../../etc/model.safetensors")]
    [DataRow("/tmp/model.safetensors")]
    [DataRow("a/b.safetensors")]
    [DataRow("pytorch_model.bin")]
    [DataRow(".safetensors")]
    public void IndexNamesOnlyFilesBesideIt(string shard)
    {
        using var setup = new HubSetup();
        setup.Server.LargeFiles.Clear();
        setup.Server.Files[HubClient.Index] = Encoding.UTF8.GetBytes("{\"weight_map\":{\"a\":\"" + shard + "\"}}");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch()).Message, shard);
    }

    [TestMethod]
    [DataRow("[]")]
    [DataRow("{\"weight_map\":{}}")]
    [DataRow("{\"weight_map\":{\"a\":1}}")]
    [DataRow("{")]
    public void IndexOfAnotherFormIsRefused(string index)
    {
        using var setup = new HubSetup();
        setup.Server.LargeFiles.Clear();
        setup.Server.Files[HubClient.Index] = Encoding.UTF8.GetBytes(index);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => setup.Fetch()).Message, HubClient.Index);
    }

    [TestMethod]
    public void SecondFetchAsksOnlyWhetherTheBranchMoved()
    {
        using var setup = new HubSetup();
        string first = setup.Fetch();
        setup.Server.Requests.Clear();
        Assert.AreEqual(first, setup.Fetch());
        Assert.IsTrue(setup.Server.Requests.All(request => request.IsFor("HEAD", "config.json")));
        Assert.IsTrue(setup.Server.Requests.First().Path.StartsWith("/owner/vit/resolve/main/", StringComparison.Ordinal));
    }

    [TestMethod]
    public void CachedCommitNeedsNoNetwork()
    {
        using var setup = new HubSetup();
        setup.Server.Files.TryRemove("preprocessor_config.json", out _); // known to be absent from then on
        string first = setup.Fetch();
        setup.Server.Requests.Clear();
        Assert.AreEqual(first, setup.Fetch(HubServer.Commit));
        Assert.AreEqual(0, setup.Server.Requests.Count);
    }

    [TestMethod]
    public void RepositoryWithoutConfigurationIsFetched()
    {
        using var setup = new HubSetup();
        setup.Server.Files.Clear();
        setup.AssertWhole(setup.Fetch());
    }

    [TestMethod]
    public void OfflineFindsWhatPythonFetched()
    {
        using var setup = new HubSetup();
        string snapshot = Path.Combine(setup.Repository, "snapshots", HubServer.Commit), blobs = Path.Combine(setup.Repository, "blobs");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(blobs);
        Directory.CreateDirectory(Path.Combine(setup.Repository, "refs"));
        File.WriteAllText(Path.Combine(setup.Repository, "refs", "main"), HubServer.Commit);
        File.WriteAllBytes(Path.Combine(blobs, "abc"), setup.Weights);
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.safetensors"), "../../blobs/abc");
        File.WriteAllText(Path.Combine(snapshot, "config.json"), "{}");

        setup.Options = setup.Options with { Offline = true };
        Assert.AreEqual(snapshot, setup.Fetch());
        Assert.AreEqual(snapshot, setup.Fetch(HubServer.Commit));
        File.Delete(Path.Combine(blobs, "abc"));
        Assert.ThrowsExactly<FileNotFoundException>(() => setup.Fetch());
        Assert.AreEqual(0, setup.Server.Requests.Count);
    }

    [TestMethod]
    public void LinkIntoNothingIsReplaced()
    {
        using var setup = new HubSetup();
        string snapshot = setup.Fetch();
        File.Delete(setup.Blob);
        setup.AssertWhole(setup.Fetch());
        Assert.IsTrue(File.Exists(setup.Blob));
        Assert.AreEqual(3, Directory.GetFiles(snapshot).Length);
    }

    [TestMethod]
    public void UnreachableHubLeavesTheCacheToServe()
    {
        using var setup = new HubSetup();
        string first = setup.Fetch();
        setup.Server.Dispose();
        Assert.AreEqual(first, setup.Fetch());
        StringAssert.Contains(setup.Progress[^1].Note, "using what is in the cache");
    }

    [TestMethod]
    public void FailingHubLeavesTheCacheToServeAtOnce()
    {
        using var setup = new HubSetup();
        string first = setup.Fetch();
        setup.Server.Requests.Clear();
        setup.Server.Misbehave = _ => new HubAnswer(503);
        Assert.AreEqual(first, setup.Fetch());
        Assert.AreEqual(1, setup.Server.Requests.Count);
    }

    [TestMethod]
    public void WithoutLinksTheSnapshotHoldsTheFiles()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Links = false };
        string snapshot = setup.Fetch();
        setup.AssertWhole(snapshot);
        Assert.IsNull(new FileInfo(Path.Combine(snapshot, "model.safetensors")).LinkTarget);
        Assert.IsFalse(File.Exists(setup.Blob));
        Assert.AreEqual(snapshot, setup.Fetch(HubServer.Commit));
    }

    [TestMethod]
    public void RenamedRepositoryIsFollowedWithTheToken()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Token = "hf_secret" };
        setup.Server.Misbehave = request => request.Path.StartsWith("/old/name/", StringComparison.Ordinal)
            ? new HubAnswer(307) { Headers = { ["Location"] = request.Path.Replace("/old/name/", "/owner/vit/", StringComparison.Ordinal) } }
            : null;
        setup.AssertWhole(setup.Fetch(repository: "old/name"));
        Assert.IsTrue(setup.Server.Requests.Where(request => !request.IsStorage).All(request => request.Authorization == "Bearer hf_secret"));
    }

    [TestMethod]
    public void TokenGoesToTheHubAlone()
    {
        using var setup = new HubSetup();
        setup.Options = setup.Options with { Token = "hf_secret" };
        setup.Fetch();
        Assert.IsTrue(setup.Server.Requests.Where(request => !request.IsStorage).All(request => request.Authorization == "Bearer hf_secret"));
        Assert.IsTrue(setup.Server.Requests.Any(request => request.IsStorage));
        Assert.IsTrue(setup.Server.Requests.Where(request => request.IsStorage).All(request => request.Authorization is null));
    }
}
