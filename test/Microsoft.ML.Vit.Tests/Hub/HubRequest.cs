using System.Globalization;

namespace Microsoft.ML.Vit.Tests.Hub;

/// <summary>What <see cref="HubServer"/> got.</summary>
internal sealed record HubRequest(string Method, string Path, bool IsStorage, string? Authorization, int? From)
{
    public bool IsFor(string method, string file) => Method == method && Path.EndsWith("/" + file, StringComparison.Ordinal);

    public static async Task<HubRequest?> ReadAsync(StreamReader reader, bool isStorage)
    {
        if ((await reader.ReadLineAsync())?.Split(' ') is not [string method, string path, _])
        {
            return null;
        }
        string? authorization = null;
        int? from = null;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            string value = line[(line.IndexOf(':') + 1)..].Trim();
            if (line.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase))
            {
                authorization = value;
            }
            else if (line.StartsWith("Range:", StringComparison.OrdinalIgnoreCase))
            {
                from = int.Parse(value["bytes=".Length..^1], CultureInfo.InvariantCulture);
            }
        }
        return new HubRequest(method, path, isStorage, authorization, from);
    }
}
