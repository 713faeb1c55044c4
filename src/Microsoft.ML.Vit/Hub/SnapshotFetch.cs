using System.Net;

namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// One fetch of one revision. The first answer of the Hub says which commit the revision stands for; from then on every file is asked for at that
/// commit, and only where the cache does not have it. The reference is written last, so that it never leads to half a snapshot of ours.
/// </summary>
internal sealed class SnapshotFetch(HubConnection connection, HubOptions options, string repository, string revision, IProgress<HubProgress>? progress)
{
    private const string Configuration = "config.json";
    private const string Preprocessor = "preprocessor_config.json";

    private readonly HubCache _cache = new(options.CacheFolder, repository, options.Links);

    /// <summary>Fetches what is missing.</summary>
    /// <returns>The snapshot's folder.</returns>
    public async Task<string> RunAsync(CancellationToken cancellation)
    {
        string? cached = _cache.Resolve(revision);
        bool whole = cached is not null && HoldsWeights(cached);
        if (whole && (options.Offline || (HubNames.IsCommit(revision) && Knows(cached!, Configuration) && Knows(cached!, Preprocessor))))
        {
            return _cache.Snapshot(cached!);
        }
        if (options.Offline)
        {
            throw HubErrors.Offline(options, repository, revision);
        }

        string commit;
        try
        {
            commit = await FetchFirstAsync(patient: !whole, cancellation);
        }
        catch (HttpRequestException exception) when (whole)
        {
            Report(Configuration, $"using what is in the cache, since the Hub does not answer: {exception.Message}");
            return _cache.Snapshot(cached!);
        }
        await FetchAsync(commit, Preprocessor, cancellation);
        await FetchWeightsAsync(commit, cancellation);
        _cache.WriteReference(revision, commit);
        return _cache.Snapshot(commit);
    }

    private bool Knows(string commit, string file) => _cache.Find(commit, file) is not null || _cache.IsAbsent(commit, file);

    private bool HoldsWeights(string commit) => _cache.Find(commit, HubClient.Weights) is not null
        || (_cache.Find(commit, HubClient.Index) is { } index && ShardIndex.ReadShards(index).All(shard => _cache.Find(commit, shard) is not null));

    /// <summary>Fetches the configuration, where there is one, and with it learns the commit.</summary>
    private async Task<string> FetchFirstAsync(bool patient, CancellationToken cancellation)
    {
        using HttpResponseMessage answer = await DescribeAsync(revision, Configuration, patient, cancellation);
        if (HubErrors.IsMissingFile(answer) && HubHeaders.ReadCommit(answer) is { } bare)
        {
            _cache.MarkAbsent(bare, Configuration);
            return bare;
        }
        ThrowIfRefused(answer, Configuration);
        string commit = HubHeaders.ReadCommit(answer)
            ?? throw new InvalidDataException($"{options.Endpoint} does not say which commit of {repository} it answers with (header {HubHeaders.Commit}); expected the Hugging Face Hub or a mirror of it.");
        await FetchAsync(Describe(answer, commit, Configuration), cancellation);
        return commit;
    }

    private async Task FetchWeightsAsync(string commit, CancellationToken cancellation)
    {
        if (await FetchAsync(commit, HubClient.Weights, cancellation))
        {
            return;
        }
        if (!await FetchAsync(commit, HubClient.Index, cancellation))
        {
            throw HubErrors.NoSafetensors(options, repository, commit);
        }
        foreach (string shard in ShardIndex.ReadShards(_cache.Find(commit, HubClient.Index)!))
        {
            if (!await FetchAsync(commit, shard, cancellation))
            {
                throw new FileNotFoundException($"{repository} at {commit}: {HubClient.Index} names {shard}, which the repository does not have.", shard);
            }
        }
    }

    /// <summary>Sees to it that the snapshot holds the file; false when the commit does not have it.</summary>
    private async Task<bool> FetchAsync(string commit, string file, CancellationToken cancellation)
    {
        if (Knows(commit, file))
        {
            return _cache.Find(commit, file) is not null;
        }
        using HttpResponseMessage answer = await DescribeAsync(commit, file, patient: true, cancellation);
        if (HubErrors.IsMissingFile(answer))
        {
            _cache.MarkAbsent(commit, file);
            return false;
        }
        ThrowIfRefused(answer, file);
        await FetchAsync(Describe(answer, commit, file), cancellation);
        return true;
    }

    private async Task FetchAsync(HubFile file, CancellationToken cancellation)
    {
        if (_cache.Find(file.Commit, file.Name) is not null)
        {
            return;
        }
        using IDisposable held = await BlobLock.TakeAsync(_cache.Lock(file.Hash), () => Report(file.Name, "another process fetches it, waiting"), cancellation);
        if (_cache.Find(file.Commit, file.Name) is not null)
        {
            return; // that process did it
        }
        string blob = _cache.Blob(file.Hash);
        bool isNew = !File.Exists(blob);
        if (isNew)
        {
            await new BlobDownload(connection, options, file, blob, update => progress?.Report(update)).RunAsync(cancellation);
        }
        _cache.Link(file, isNew);
    }

    private async Task<HttpResponseMessage> DescribeAsync(string at, string file, bool patient, CancellationToken cancellation)
    {
        try
        {
            return patient
                ? await HubRetry.Create(options, note => Report(file, note)).ExecuteAsync(async token => await connection.DescribeAsync(repository, at, file, token), cancellation)
                : await connection.DescribeAsync(repository, at, file, cancellation);
        }
        catch (HttpRequestException exception) when (exception.StatusCode is null)
        {
            throw HubErrors.NoConnection(options, repository, file, exception);
        }
    }

    private HubFile Describe(HttpResponseMessage answer, string commit, string file) => new(repository, commit, file,
        HubHeaders.ReadHash(answer) ?? throw new InvalidDataException($"{options.Endpoint} names no hash of {file} (ETag), so that it could not be checked; expected the Hugging Face Hub or a mirror of it."),
        HubHeaders.ReadSize(answer));

    private void ThrowIfRefused(HttpResponseMessage answer, string file)
    {
        bool describes = answer.IsSuccessStatusCode || (answer.StatusCode is >= HttpStatusCode.Moved and < HttpStatusCode.BadRequest);
        if (!describes)
        {
            throw HubErrors.From(answer, options, repository, revision, file);
        }
    }

    private void Report(string file, string note) => progress?.Report(new HubProgress(file, 0, null, note));
}
