namespace Microsoft.ML.Vit;

/// <summary>How far the download of one file is, or why it waits.</summary>
/// <param name="File">The file's name in the repository.</param>
/// <param name="Received">Bytes on disk, those of an earlier, interrupted run included.</param>
/// <param name="Total">The file's length in bytes, where the server told it.</param>
/// <param name="Note">What a person should know: a retry and its cause, a wait for another process, an answer from the cache; null for plain progress.</param>
public readonly record struct HubProgress(string File, long Received, long? Total, string? Note = null);
