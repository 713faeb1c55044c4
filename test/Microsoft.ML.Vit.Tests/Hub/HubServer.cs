using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.Vit.Tests.Hub;

/// <summary>
/// A Hub of one repository on this machine, over plain sockets, so that it can break off, stall and lie as no proper server would. Files in large-file
/// storage are redirected to a second address, as the Hub redirects to its storage.
/// </summary>
internal sealed class HubServer : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _hub = Listen(), _storage = Listen();
    private readonly CancellationTokenSource _stop = new();

    public HubServer(string repository = "owner/vit")
    {
        Repository = repository;
        Serve(_hub);
        Serve(_storage);
    }

    public string Repository { get; }

    public string Endpoint => $"http://{_hub.LocalEndpoint}";

    public string Storage => $"http://{_storage.LocalEndpoint}";

    /// <summary>Small files by name, which the Hub serves itself, after a redirect within it.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Files in large-file storage.</summary>
    public ConcurrentDictionary<string, byte[]> LargeFiles { get; } = new();

    /// <summary>What the server got, in order.</summary>
    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    /// <summary>Asked before every answer; a result other than null is answered instead.</summary>
    public Func<HubRequest, HubAnswer?> Misbehave { get; set; } = _ => null;

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static string GitSha1(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    /// <summary>What a proper Hub answers.</summary>
    public HubAnswer Answer(HubRequest request)
    {
        string file = request.Path[(request.Path.LastIndexOf('/') + 1)..];
        if (request.IsStorage)
        {
            return Body(request, LargeFiles[file], "\"the storage's own etag\"");
        }
        if (request.Path == $"/api/resolve-cache/models/{Repository}/{Commit}/{file}")
        {
            HubAnswer answer = Body(request, Files[file], $"W/\"{GitSha1(Files[file])}\"");
            answer.Headers["X-Repo-Commit"] = Commit;
            return answer;
        }
        if (!request.Path.StartsWith($"/{Repository}/resolve/", StringComparison.Ordinal))
        {
            return new HubAnswer(404) { Headers = { ["X-Error-Code"] = "RepoNotFound" } };
        }
        if (request.Path.Split('/')[^2] is not ("main" or Commit))
        {
            return new HubAnswer(404) { Headers = { ["X-Error-Code"] = "RevisionNotFound" } };
        }
        if (LargeFiles.TryGetValue(file, out byte[]? large))
        {
            return new HubAnswer(302)
            {
                Headers =
                {
                    ["Location"] = $"{Storage}/{file}", ["X-Repo-Commit"] = Commit, ["X-Linked-Size"] = large.Length.ToString(CultureInfo.InvariantCulture),
                    ["X-Linked-Etag"] = $"\"{Sha256(large)}\"", ["ETag"] = "\"another\"",
                },
            };
        }
        return Files.ContainsKey(file)
            ? new HubAnswer(307) { Headers = { ["Location"] = $"/api/resolve-cache/models/{Repository}/{Commit}/{file}" } }
            : new HubAnswer(404) { Headers = { ["X-Error-Code"] = "EntryNotFound", ["X-Repo-Commit"] = Commit } };
    }

    public void Dispose()
    {
        _stop.Cancel();
        _hub.Dispose();
        _storage.Dispose();
    }

    private static HubAnswer Body(HubRequest request, byte[] content, string etag)
    {
        var answer = request.From is { } from
            ? from < content.Length
                ? new HubAnswer(206) { Body = content[from..], Headers = { ["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}" } }
                : new HubAnswer(416)
            : new HubAnswer(200) { Body = content };
        answer.Headers["ETag"] = etag;
        return answer;
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private void Serve(TcpListener listener) => Task.Run(async () =>
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket = await listener.AcceptSocketAsync(_stop.Token);
            _ = Task.Run(() => ServeAsync(socket, listener == _storage));
        }
    });

    private async Task ServeAsync(Socket socket, bool isStorage)
    {
        using (socket)
        await using (var stream = new NetworkStream(socket))
        {
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            if (await HubRequest.ReadAsync(reader, isStorage) is not { } request)
            {
                return;
            }
            Requests.Enqueue(request);
            await (Misbehave(request) ?? Answer(request)).WriteAsync(stream, request.Method == "HEAD", _stop.Token);
        }
    }
}
