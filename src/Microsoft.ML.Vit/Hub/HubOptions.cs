namespace Microsoft.ML.Vit.Hub;

/// <summary>Where the Hub is, where its files are kept, and how patient a download is. The environment variables are those of huggingface_hub.</summary>
internal sealed record HubOptions
{
    /// <summary>The Hub or a mirror of it, without a slash at the end.</summary>
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The folder that holds "models--owner--name".</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Sent as a bearer token to <see cref="Endpoint"/>, and to no other host; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Answer from the cache alone.</summary>
    public bool Offline { get; init; }

    /// <summary>Let snapshots link to blobs where the system can; otherwise they hold the files themselves.</summary>
    public bool Links { get; init; } = true;

    /// <summary>A connection that delivers nothing for this long is given up and tried again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Tries after the first, of which none brought a byte; each waits about twice as long as the one before.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Before the first retry. A Retry-After of the server's takes its place.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A server that asks for a longer wait than this is reported instead of obeyed.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Reads the variables of the process.</summary>
    public static HubOptions FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>
    /// Reads HF_HOME, HF_HUB_CACHE (and HUGGINGFACE_HUB_CACHE, its old name), HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DISABLE_SYMLINKS, HF_TOKEN, HF_TOKEN_PATH
    /// and HF_HUB_DISABLE_IMPLICIT_TOKEN, with huggingface_hub's defaults.
    /// </summary>
    /// <exception cref="ArgumentException">HF_ENDPOINT is no http or https address, or the token no token.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> read)
    {
        string userHome = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string? Text(string name) => read(name)?.Trim() is { Length: > 0 } text ? text : null;
        string? Folder(string name) => Text(name) is { } path
            ? Environment.ExpandEnvironmentVariables(path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? userHome + path[1..] : path)
            : null;
        bool Flag(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        string home = Folder("HF_HOME") ?? Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(userHome, ".cache"), "huggingface");
        string? token = Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? null : Text("HF_TOKEN") ?? ReadToken(Folder("HF_TOKEN_PATH") ?? Path.Combine(home, "token"));
        return new HubOptions
        {
            Endpoint = CheckEndpoint(Text("HF_ENDPOINT") ?? "https://huggingface.co"),
            CacheFolder = Path.GetFullPath(Folder("HF_HUB_CACHE") ?? Folder("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")),
            Token = CheckToken(token),
            Offline = Flag("HF_HUB_OFFLINE"),
            Links = !Flag("HF_HUB_DISABLE_SYMLINKS"),
        };
    }

    /// <summary>Without the token: this may end up in a log.</summary>
    public override string ToString() => $"{Endpoint} in {CacheFolder}{(Offline ? ", offline" : "")}";

    private static string? ReadToken(string path) =>
        File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;

    private static string? CheckToken(string? token) => token is null || token.All(character => character is > ' ' and <= '~')
        ? token
        : throw new ArgumentException("The access token (HF_TOKEN, or the file of HF_TOKEN_PATH) holds blanks or characters that are not ASCII; expected one token, hf_…");

    private static string CheckEndpoint(string endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? endpoint.TrimEnd('/')
            : throw new ArgumentException($"HF_ENDPOINT is '{endpoint}'; expected an address such as https://huggingface.co.");
}
