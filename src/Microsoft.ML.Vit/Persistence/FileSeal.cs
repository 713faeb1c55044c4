using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>
/// A digest of a whole safetensors file that stands in its own metadata, under <c>vit.sha256</c>: of all bytes, those of the digest taken as zeros. So it can be computed once the file is written.
/// </summary>
internal static class FileSeal
{
    /// <summary>The metadata's key.</summary>
    public const string Key = "vit.sha256";

    private const int HexLength = 64;
    private const int ChunkBytes = 1 << 20;

    /// <summary>What stands in the metadata until the file is sealed.</summary>
    public static string Open { get; } = new('0', HexLength);

    /// <summary>Computes the digest and writes it to its place.</summary>
    /// <param name="file">Written in whole, <see cref="Open"/> standing in its metadata; can be read.</param>
    public static void Close(FileStream file)
    {
        long place = Find(file) ?? throw new InvalidOperationException($"{file.Name} has no place for a digest.");
        byte[] digest = Encoding.ASCII.GetBytes(Digest(file, place));
        RandomAccess.Write(file.SafeFileHandle, digest, place);
    }

    /// <summary>Checks the file against its digest.</summary>
    /// <exception cref="FormatException">It has none, or its bytes are not those that were sealed.</exception>
    public static void Check(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        if (Find(file) is not { } place)
        {
            throw new FormatException($"its metadata has no '{Key}'.");
        }
        byte[] sealedAs = new byte[HexLength];
        RandomAccess.Read(file.SafeFileHandle, sealedAs, place);
        if (Encoding.ASCII.GetString(sealedAs) != Digest(file, place))
        {
            throw new FormatException("its bytes are not those that were written: the digest differs.");
        }
    }

    /// <summary>Where the digest stands. Within a text of the header the quotes of the key would be escaped.</summary>
    private static long? Find(FileStream file)
    {
        byte[] beginning = new byte[Math.Min(file.Length, ChunkBytes)];
        RandomAccess.Read(file.SafeFileHandle, beginning, 0);
        byte[] before = Encoding.ASCII.GetBytes($"\"{Key}\":\"");
        int found = beginning.AsSpan().IndexOf(before);
        return found < 0 || found + before.Length + HexLength > beginning.Length ? null : found + before.Length;
    }

    private static string Digest(FileStream file, long place)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[ChunkBytes];
        long position = 0;
        for (int read; (read = RandomAccess.Read(file.SafeFileHandle, chunk, position)) > 0; position += read)
        {
            long from = Math.Max(0, place - position), to = Math.Min(read, place + HexLength - position);
            if (from < to)
            {
                chunk.AsSpan((int)from, (int)(to - from)).Clear();
            }
            hash.AppendData(chunk, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
