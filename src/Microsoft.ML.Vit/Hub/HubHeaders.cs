using System.Globalization;

namespace Microsoft.ML.Vit.Hub;

/// <summary>What the Hub says in headers of its own.</summary>
internal static class HubHeaders
{
    /// <summary>The commit that the revision stands for.</summary>
    public const string Commit = "X-Repo-Commit";

    /// <summary>The hash of a file in large-file storage.</summary>
    public const string LinkedHash = "X-Linked-Etag";

    /// <summary>The length of a file in large-file storage.</summary>
    public const string LinkedSize = "X-Linked-Size";

    /// <summary>Which of several things a 401, 403 or 404 means.</summary>
    public const string ErrorCode = "X-Error-Code";

    /// <summary>The first value of a header, or null.</summary>
    public static string? Read(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    /// <summary>The commit, where the header is one.</summary>
    public static string? ReadCommit(HttpResponseMessage answer) => Read(answer, Commit) is { } commit && HubNames.IsCommit(commit) ? commit : null;

    /// <summary>The hash of the content: the linked one before the answer's own.</summary>
    public static ContentHash? ReadHash(HttpResponseMessage answer) => ContentHash.Parse(Read(answer, LinkedHash) ?? Read(answer, "ETag"));

    /// <summary>The length: the linked one before the answer's own, which for a redirect is the redirect's.</summary>
    public static long? ReadSize(HttpResponseMessage answer)
    {
        if (Read(answer, LinkedSize) is { } text)
        {
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : null;
        }
        return answer.IsSuccessStatusCode ? answer.Content.Headers.ContentLength : null;
    }
}
