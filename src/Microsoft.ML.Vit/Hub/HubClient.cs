namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// Makes a checkpoint of the Hugging Face Hub a folder on disk: config.json, preprocessor_config.json and the safetensors files, nothing else, kept in
/// the cache that huggingface_hub keeps. One commit serves all of a checkpoint's files. Several processes and threads may fetch the same one at a time.
/// </summary>
internal sealed class HubClient(HubOptions options) : IDisposable
{
    /// <summary>The weights in one file.</summary>
    public const string Weights = "model.safetensors";

    /// <summary>Which shard holds which tensor, where the weights are in several files.</summary>
    public const string Index = "model.safetensors.index.json";

    private const string DefaultRevision = "main";

    private readonly HubConnection _connection = new(options);

    /// <summary>The folder of a checkpoint, fetched where it is not in the cache.</summary>
    /// <param name="repository">owner/name, or name.</param>
    /// <param name="revision">A branch, a tag or a full commit; null for main. A commit that is in the cache needs no network.</param>
    /// <param name="progress">Is told of bytes received, and of retries and waits.</param>
    /// <param name="cancellation">Ends the download; what has arrived is kept, and the next call goes on from there.</param>
    /// <returns>The path of the snapshot's folder.</returns>
    /// <exception cref="ArgumentException">The repository or the revision could not be called so.</exception>
    /// <exception cref="FileNotFoundException">There is no such repository, revision or safetensors file, or it is not in the cache and the client is offline.</exception>
    /// <exception cref="UnauthorizedAccessException">The repository is gated or private, and the token, if any, does not open it.</exception>
    /// <exception cref="HttpRequestException">No connection, or the server fails at every try.</exception>
    /// <exception cref="InvalidDataException">A file's bytes are not those that the Hub names, or it names none, or the index of shards is none.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public string FetchSnapshot(string repository, string? revision = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        HubNames.CheckRepository(repository);
        HubNames.CheckRevision(revision ??= DefaultRevision);
        var fetch = new SnapshotFetch(_connection, options, repository, revision, progress);
        return Task.Run(() => fetch.RunAsync(cancellation), cancellation).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
