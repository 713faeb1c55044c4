namespace Microsoft.ML.Vit.Images;

/// <summary>Which of the formats that are read a file is in, by its first bytes. Skia knows others, which are not ours to promise.</summary>
internal static class ImageFormat
{
    /// <summary>The format's name, or null where the bytes begin like none of JPEG, PNG, GIF, BMP and WebP.</summary>
    public static string? Name(ReadOnlySpan<byte> encoded) =>
        encoded.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "JPEG"
        : encoded.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? "PNG"
        : encoded.StartsWith("GIF8"u8) ? "GIF"
        : encoded.StartsWith("BM"u8) ? "BMP"
        : encoded.StartsWith("RIFF"u8) && encoded.Length >= 12 && encoded.Slice(8, 4).SequenceEqual("WEBP"u8) ? "WebP"
        : null;
}
