using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// Tries a request again while what went wrong may pass: no or a broken connection, a stall, 408, 429 and 5xx. Waits about twice as long each time, or as
/// long as Retry-After says. An attempt includes the body, so that one that breaks off within it is an attempt that failed.
/// </summary>
internal static class HubRetry
{
    /// <summary>Builds the pipeline for one file.</summary>
    /// <param name="options">How often and how long.</param>
    /// <param name="onRetry">Is told why the next attempt is made, and when.</param>
    public static ResiliencePipeline<HttpResponseMessage> Create(HubOptions options, Action<string> onRetry)
    {
        var strategy = new HttpRetryStrategyOptions
        {
            MaxRetryAttempts = options.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryDelay,
            ShouldRetryAfterHeader = true,
            ShouldHandle = arguments => ValueTask.FromResult(
                HttpClientResiliencePredicates.IsTransient(arguments.Outcome) && !(RetryAfter(arguments.Outcome.Result) > options.LongestRetryAfter)),
            OnRetry = arguments =>
            {
                string why = arguments.Outcome.Exception?.Message ?? $"HTTP {(int)arguments.Outcome.Result!.StatusCode}";
                onRetry($"trying again in {arguments.RetryDelay.TotalSeconds:0.#} s: {why}");
                arguments.Outcome.Result?.Dispose();
                return ValueTask.CompletedTask;
            },
        };
        return new ResiliencePipelineBuilder<HttpResponseMessage>().AddRetry(strategy).Build();
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage? answer) =>
        answer?.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - DateTimeOffset.UtcNow : null;
}
