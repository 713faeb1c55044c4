using System.Net;
using System.Net.Http.Headers;

namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// One request to the Hub at a time, each redirect followed here and not by the client: the description of a file is in the headers of the redirect
/// itself, and the token may go to the Hub alone, never to the storage that it redirects to.
/// </summary>
internal sealed class HubConnection : IDisposable
{
    private const int MostRedirects = 10;

    private readonly HubOptions _options;
    private readonly Uri _endpoint;
    private readonly HttpClient _client;

    public HubConnection(HubOptions options)
    {
        _options = options;
        _endpoint = new Uri(options.Endpoint);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.StallTimeout };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Microsoft.ML.Vit", typeof(HubConnection).Assembly.GetName().Version?.ToString(2)));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity")); // lengths and hashes are those of the plain file
    }

    /// <summary>Asks for the description of a file. The answer may be the redirect that carries it.</summary>
    public Task<HttpResponseMessage> DescribeAsync(string repository, string revision, string file, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Head, Address(repository, revision, file), from: 0, IsDescription, cancellation);

    /// <summary>Asks for a file's bytes from an offset on; the answer's body is still to be read.</summary>
    public Task<HttpResponseMessage> GetAsync(HubFile file, long from, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, Address(file.Repository, file.Commit, file.Name), from, _ => false, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>A relative redirect leads on within the Hub (a repository was renamed); an absolute one to storage, and describes the file itself.</summary>
    private static bool IsDescription(HttpResponseMessage answer) => answer.Headers.Location!.IsAbsoluteUri
        && (HubHeaders.Read(answer, HubHeaders.Commit) is not null || HubHeaders.Read(answer, HubHeaders.LinkedHash) is not null);

    private Uri Address(string repository, string revision, string file) =>
        new($"{_options.Endpoint}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{Uri.EscapeDataString(file)}");

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long from, Func<HttpResponseMessage, bool> suffices, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            for (int redirects = 0; ; redirects++)
            {
                using var request = new HttpRequestMessage(method, address);
                request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
                request.Headers.Authorization = _options.Token is not null && IsHub(address) ? new AuthenticationHeaderValue("Bearer", _options.Token) : null;

                HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token);
                if (!IsRedirect(answer) || suffices(answer))
                {
                    return answer;
                }
                using (answer)
                {
                    address = Next(address, answer, redirects);
                }
            }
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{address.Host} did not answer within {_options.StallTimeout.TotalSeconds:0.#} s.", exception);
        }
    }

    private static bool IsRedirect(HttpResponseMessage answer) => answer.Headers.Location is not null
        && answer.StatusCode is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private bool IsHub(Uri address) => address.Scheme == _endpoint.Scheme && address.Host == _endpoint.Host && address.Port == _endpoint.Port;

    private static Uri Next(Uri address, HttpResponseMessage answer, int redirects)
    {
        var next = new Uri(address, answer.Headers.Location!);
        bool secure = next.Scheme == Uri.UriSchemeHttps || (next.Scheme == Uri.UriSchemeHttp && address.Scheme == Uri.UriSchemeHttp);
        if (!secure || redirects == MostRedirects)
        {
            throw new InvalidDataException($"{address.Host} redirects to {next.Scheme}://{next.Host}; expected {(secure ? $"at most {MostRedirects} redirects" : "https")}.");
        }
        return next;
    }
}
