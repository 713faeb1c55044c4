using System.Net;
using Microsoft.ML.Vit.Hub;

namespace Microsoft.ML.Vit.Tests.Hub;

/// <summary>A server with a small checkpoint, an empty cache, and a client that waits for nothing long.</summary>
internal sealed class HubSetup : IDisposable
{
    /// <summary>The machine's proxy, where it has one, cannot reach our own server.</summary>
    static HubSetup() => HttpClient.DefaultProxy = new WebProxy();

    public HubSetup()
    {
        new Random(1).NextBytes(Weights);
        Server.Files["config.json"] = "{\"model_type\":\"vit\"}"u8.ToArray();
        Server.Files["preprocessor_config.json"] = "{\"size\":32}"u8.ToArray();
        Server.LargeFiles["model.safetensors"] = Weights;
        Server.LargeFiles["pytorch_model.bin"] = Weights;
        Options = new HubOptions
        {
            Endpoint = Server.Endpoint,
            CacheFolder = Folder["hub"],
            StallTimeout = TimeSpan.FromSeconds(5),
            Retries = 3,
            RetryDelay = TimeSpan.FromMilliseconds(5),
        };
    }

    public HubServer Server { get; } = new();

    public TemporaryFolder Folder { get; } = new();

    public HubOptions Options { get; set; }

    public List<HubProgress> Progress { get; } = [];

    public byte[] Weights { get; } = new byte[600_000];

    public string Blob => Path.Combine(Repository, "blobs", HubServer.Sha256(Weights));

    public string Partial => Blob + ".incomplete";

    public string Repository => Path.Combine(Options.CacheFolder, "models--owner--vit");

    public string Fetch(string? revision = null, string repository = "owner/vit", CancellationToken cancellation = default)
    {
        using var client = new HubClient(Options);
        return client.FetchSnapshot(repository, revision, new Sink(Progress), cancellation);
    }

    /// <summary>The first requests for a file get another answer, then the proper one.</summary>
    public void AtFirst(string method, string file, params HubAnswer[] answers)
    {
        var left = new Queue<HubAnswer>(answers);
        Server.Misbehave = request => request.IsFor(method, file) && (request.IsStorage || !Server.LargeFiles.ContainsKey(file) || method == "HEAD") && left.TryDequeue(out HubAnswer? answer) ? answer : null;
    }

    /// <summary>What an earlier run left.</summary>
    public void LeavePartial(byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        File.WriteAllBytes(Partial, bytes);
    }

    public void AssertWhole(string snapshot) => CollectionAssert.AreEqual(Weights, File.ReadAllBytes(Path.Combine(snapshot, "model.safetensors")));

    public void Dispose()
    {
        Server.Dispose();
        Folder.Dispose();
    }

    private sealed class Sink(List<HubProgress> list) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            lock (list)
            {
                list.Add(value);
            }
        }
    }
}
