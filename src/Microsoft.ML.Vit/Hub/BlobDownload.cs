using System.Net;
using Polly;

namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// Fetches one blob into "hash.incomplete" beside its place and moves it there once length and hash are right. An interrupted one goes on where it
/// ended, in this process or another: the URL names the commit and the hash is checked at the end, so no If-Range is needed (the storage's etags are
/// not the Hub's, and would never match).
/// </summary>
internal sealed class BlobDownload(HubConnection connection, HubOptions options, HubFile file, string path, Action<HubProgress> report)
{
    private const int BufferBytes = 1 << 17;
    private const long ReportBytes = 1 << 22;

    private readonly string _partial = path + ".incomplete";

    /// <summary>Fetches what is missing, checks it and puts it in its place.</summary>
    /// <exception cref="HttpRequestException">The connection fails, or the server, at every try.</exception>
    /// <exception cref="InvalidDataException">The bytes are not those of the hash; they are deleted.</exception>
    /// <exception cref="IOException">The disk is full.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        bool continued = Received > 0;
        await FetchAsync(cancellation);
        (string Expected, string Found)? damage = await FindDamageAsync(cancellation);
        if (damage is not null && continued)
        {
            File.Delete(_partial); // what lay here may have been bad: once more, all of it
            Note("what an earlier run left does not fit, starting over");
            await FetchAsync(cancellation);
            damage = await FindDamageAsync(cancellation);
        }
        if (damage is var (expected, found))
        {
            File.Delete(_partial);
            throw HubErrors.Mismatch(file, expected, found);
        }
        File.Move(_partial, path, overwrite: true);
    }

    private long Received => new FileInfo(_partial) is { Exists: true } partial ? partial.Length : 0;

    /// <summary>Goes on until the file is whole. When the retries are used up but brought bytes, they count anew: a long download may break off often.</summary>
    private async Task FetchAsync(CancellationToken cancellation)
    {
        ThrowIfDiskFull();
        ResiliencePipeline<HttpResponseMessage> pipeline = HubRetry.Create(options, Note);
        while (true)
        {
            long before = Received;
            try
            {
                using HttpResponseMessage answer = await pipeline.ExecuteAsync(async token => await AttemptAsync(token), cancellation);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
                throw HubErrors.From(answer, options, file.Repository, file.Commit, file.Name);
            }
            catch (HttpRequestException exception) when (exception.StatusCode is null && Received > before)
            {
                Note($"going on, since some has arrived: {exception.Message}");
            }
            catch (HttpRequestException exception) when (exception.StatusCode is null)
            {
                throw HubErrors.NoConnection(options, file.Repository, file.Name, exception);
            }
            catch (IOException exception) when (exception.HResult is 28 or unchecked((int)0x80070070) or unchecked((int)0x80070027)) // ENOSPC, ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL
            {
                throw HubErrors.DiskFull(options.CacheFolder, file, file.Size - Received, exception);
            }
        }
    }

    private async Task<HttpResponseMessage> AttemptAsync(CancellationToken cancellation)
    {
        long from = Received;
        if (from > 0 && from == file.Size)
        {
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
        if (from > file.Size)
        {
            File.Delete(_partial);
            from = 0;
        }

        HttpResponseMessage answer = await connection.GetAsync(file, from, cancellation);
        try
        {
            if (from > 0 && (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable || (answer.StatusCode == HttpStatusCode.PartialContent && !Continues(answer, from))))
            {
                File.Delete(_partial);
                throw new HttpRequestException($"{file.Name} cannot be continued at byte {from}, starting over.");
            }
            if (answer.IsSuccessStatusCode)
            {
                await ReceiveAsync(answer, answer.StatusCode == HttpStatusCode.PartialContent ? from : 0, cancellation);
            }
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private bool Continues(HttpResponseMessage answer, long from) =>
        answer.Content.Headers.ContentRange is { } range && range.From == from && (file.Size is null || range.Length is null || range.Length == file.Size);

    private async Task ReceiveAsync(HttpResponseMessage answer, long from, CancellationToken cancellation)
    {
        await using FileStream partial = new(_partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        partial.SetLength(from); // an answer without a range starts over
        partial.Position = from;
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancellation);
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        byte[] buffer = new byte[BufferBytes];
        long reported = from;
        while (await ReadAsync(body, buffer, stall, cancellation) is > 0 and int read)
        {
            partial.Write(buffer.AsSpan(0, read));
            if (partial.Position > file.Size)
            {
                break; // more than there should be: the check will say so
            }
            if (partial.Position - reported >= ReportBytes)
            {
                reported = partial.Position;
                report(new HubProgress(file.Name, reported, file.Size));
            }
        }
        partial.Flush(flushToDisk: true);
        if (partial.Position < file.Size)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, $"the body ended at byte {partial.Position} of {file.Size}.");
        }
        report(new HubProgress(file.Name, partial.Position, file.Size));
    }

    private async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationTokenSource stall, CancellationToken cancellation)
    {
        stall.CancelAfter(options.StallTimeout);
        try
        {
            return await body.ReadAsync(buffer, stall.Token);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"nothing arrived for {options.StallTimeout.TotalSeconds:0.#} s.", exception);
        }
        catch (IOException exception) // of the connection: the file is written elsewhere
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, exception.Message, exception);
        }
    }

    /// <summary>Expected and found, where they differ: the length, or else the hash.</summary>
    private async Task<(string Expected, string Found)?> FindDamageAsync(CancellationToken cancellation)
    {
        if (file.Size is not null && Received != file.Size)
        {
            return ($"{file.Size} bytes", $"{Received}");
        }
        string found = await file.Hash.ComputeAsync(_partial, cancellation);
        return found == file.Hash.Text ? null : (file.Hash.ToString(), found);
    }

    /// <summary>Before hours of download rather than after. A file system that does not tell its size is left to find out.</summary>
    private void ThrowIfDiskFull()
    {
        long free;
        try
        {
            var drive = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!);
            free = drive.TotalSize > 0 ? drive.AvailableFreeSpace : long.MaxValue;
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return; // a share of another machine has no drive
        }
        if (file.Size - Received > free)
        {
            throw HubErrors.DiskFull(options.CacheFolder, file, file.Size - Received - free, cause: null);
        }
    }

    private void Note(string note) => report(new HubProgress(file.Name, Received, file.Size, note));
}
