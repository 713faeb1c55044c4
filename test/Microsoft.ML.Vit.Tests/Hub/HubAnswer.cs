using System.Text;

namespace Microsoft.ML.Vit.Tests.Hub;

/// <summary>What <see cref="HubServer"/> says, and how it stops saying it.</summary>
internal sealed record HubAnswer(int Status)
{
    public Dictionary<string, string> Headers { get; } = [];

    public byte[] Body { get; init; } = [];

    /// <summary>Bytes of the body after which the connection breaks off, or is left open in silence if <see cref="Stalls"/>.</summary>
    public int? EndsAfter { get; init; }

    public bool Stalls { get; init; }

    public async Task WriteAsync(Stream stream, bool headOnly, CancellationToken cancellation)
    {
        var head = new StringBuilder($"HTTP/1.1 {Status} Status\r\nConnection: close\r\n");
        foreach ((string name, string value) in Headers)
        {
            head.Append($"{name}: {value}\r\n");
        }
        head.Append($"Content-Length: {Body.Length}\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), cancellation);
        if (!headOnly)
        {
            await stream.WriteAsync(Body.AsMemory(0, EndsAfter ?? Body.Length), cancellation);
        }
        if (Stalls)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
    }
}
