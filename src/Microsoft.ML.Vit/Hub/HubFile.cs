namespace Microsoft.ML.Vit.Hub;

/// <summary>One file at one commit, as the Hub describes it before any of it is fetched.</summary>
/// <param name="Repository">The repository, owner/name.</param>
/// <param name="Commit">The commit that the asked-for revision stands for.</param>
/// <param name="Name">The file's name in the repository.</param>
/// <param name="Hash">What its bytes must hash to, and its name among the blobs.</param>
/// <param name="Size">Its length in bytes, where the server told it.</param>
internal sealed record HubFile(string Repository, string Commit, string Name, ContentHash Hash, long? Size);
