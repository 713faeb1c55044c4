using System.Net;

namespace Microsoft.ML.Vit.Hub;

/// <summary>Turns what went wrong into an exception that says what a person can do about it.</summary>
internal static class HubErrors
{
    private const string Login = "set HF_TOKEN to an access token that may read it";

    /// <summary>Whether the answer says that the revision is there and the file is not.</summary>
    public static bool IsMissingFile(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.NotFound
        && (HubHeaders.Read(answer, HubHeaders.ErrorCode) is { } code ? code == "EntryNotFound" : HubHeaders.ReadCommit(answer) is not null);

    /// <summary>For an answer that is no success and that no retry changed.</summary>
    public static Exception From(HttpResponseMessage answer, HubOptions options, string repository, string revision, string file)
    {
        string page = $"{options.Endpoint}/{repository}";
        string status = $"HTTP {(int)answer.StatusCode} {answer.ReasonPhrase}".TrimEnd();
        switch (HubHeaders.Read(answer, HubHeaders.ErrorCode))
        {
            case "RevisionNotFound":
                return new FileNotFoundException($"The Hub has no revision '{revision}' of {repository}: see {page}/commits/main for those there are.");
            case "GatedRepo":
                return new UnauthorizedAccessException($"{repository} is gated: accept its conditions at {page}, then {Login} ({status}{TokenState(options)}).");
            case "EntryNotFound":
                return new FileNotFoundException($"{repository} at {revision} has no file {file}.", file);
            case "RepoNotFound":
                return NotFound();
        }
        return answer.StatusCode switch
        {
            HttpStatusCode.NotFound => NotFound(),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                new UnauthorizedAccessException($"The Hub refuses {repository}, which is private, gated or not there: see {page}, and {Login} ({status}{TokenState(options)})."),
            HttpStatusCode.TooManyRequests => Failed($"{options.Endpoint} takes no more requests for now{Wait(answer)}; requests with HF_TOKEN have a higher limit"),
            _ => Failed($"{options.Endpoint} did not deliver {file} of {repository}{Wait(answer)}"),
        };

        FileNotFoundException NotFound() =>
            new($"The Hub has no repository {repository} at {page}, or it is private: check the name, or {Login} ({status}{TokenState(options)}).");
        HttpRequestException Failed(string what) => new($"{what} ({status}).", inner: null, answer.StatusCode);
    }

    /// <summary>For a file that is neither here nor to be fetched.</summary>
    public static FileNotFoundException Offline(HubOptions options, string repository, string revision) =>
        new($"{repository} at {revision} is not in {options.CacheFolder}, and HF_HUB_OFFLINE forbids to fetch it: unset it, or fetch the repository into that cache first.");

    /// <summary>For a connection that never came about, or broke off each time.</summary>
    public static HttpRequestException NoConnection(HubOptions options, string repository, string file, HttpRequestException cause) =>
        new(cause.HttpRequestError, $"{file} of {repository} could not be fetched from {options.Endpoint}: {cause.Message} Check the connection, the proxy and HF_ENDPOINT; what has arrived is kept.", cause, cause.StatusCode);

    /// <summary>For a repository that keeps its weights as something else.</summary>
    public static FileNotFoundException NoSafetensors(HubOptions options, string repository, string commit) =>
        new($"{repository} at {commit} has neither {HubClient.Weights} nor {HubClient.Index}; pickled weights are not read, since reading them runs code. "
            + $"Convert them with transformers in Python (AutoModel.from_pretrained(\"{repository}\").save_pretrained(\"folder\", safe_serialization=True)) and open that folder, "
            + $"or look for a converted revision (refs/pr/N) at {options.Endpoint}/{repository}/discussions.");

    /// <summary>For bytes that are not what the Hub says they should be.</summary>
    public static InvalidDataException Mismatch(HubFile file, string expected, string found) =>
        new($"{file.Name} of {file.Repository} arrived damaged: expected {expected}, found {found}. It was deleted; try again, and if it stays so, check the proxy or mirror in between.");

    /// <summary>For a disk that cannot hold the file.</summary>
    public static IOException DiskFull(string folder, HubFile file, long? needed, Exception? cause) =>
        new($"The disk of {folder} has no room for {file.Name} of {file.Repository}{(needed is null ? "" : $", which needs {needed} bytes more")}: make room, or set HF_HOME to a folder on another disk.", cause);

    private static string TokenState(HubOptions options) => options.Token is null ? ", no token was sent" : ", a token was sent";

    private static string Wait(HttpResponseMessage answer) =>
        answer.Headers.RetryAfter is { } after ? $": it asks to wait {(after.Delta ?? after.Date - DateTimeOffset.UtcNow)?.TotalSeconds:0} s" : "";
}
