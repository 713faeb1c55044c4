using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vit.Hub;

/// <summary>
/// The Hub's etag, which is a hash of the content: for files in large-file storage the SHA-256 of the bytes, for others git's own name of the blob, the
/// SHA-1 of "blob length\0" and the bytes.
/// </summary>
internal sealed partial class ContentHash
{
    private const int Sha256Digits = 64;

    private ContentHash(string text) => Text = text;

    /// <summary>Lower-case hexadecimal digits, 64 or 40 of them.</summary>
    public string Text { get; }

    /// <summary>Reads an etag, quoted or weak as it may be; null when it is no such hash.</summary>
    public static ContentHash? Parse(string? etag)
    {
        string text = etag is null ? "" : (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
        return Digits().IsMatch(text) ? new ContentHash(text) : null;
    }

    /// <summary>Hashes a whole file the way this hash was made.</summary>
    public async Task<string> ComputeAsync(string path, CancellationToken cancellation)
    {
        bool sha256 = Text.Length == Sha256Digits;
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: false);
        using var hash = IncrementalHash.CreateHash(sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!sha256)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0")));
        }
        byte[] buffer = new byte[1 << 20];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Text.Length == Sha256Digits ? "SHA-256" : "git SHA-1")} {Text}";

    [GeneratedRegex(@"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Digits();
}
