using System.Buffers.Binary;
using SkiaSharp;

namespace Microsoft.ML.Vit.Images;

/// <summary>The EXIF orientation of a PNG (its eXIf chunk, PNG specification, third edition), which Skia reads from JPEG and WebP alone.</summary>
internal static class PngOrientation
{
    private const ushort OrientationTag = 0x0112;

    /// <summary>Which corner the first pixel is; top left where the file does not say, or says nonsense.</summary>
    /// <param name="png">A file with PNG's signature.</param>
    public static SKEncodedOrigin Of(ReadOnlySpan<byte> png)
    {
        // After the signature come chunks of length, type, content and checksum.
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12)
            {
                break;
            }
            if (png.Slice(at + 4, 4).SequenceEqual("eXIf"u8))
            {
                return OfTiff(png.Slice(at + 8, (int)length));
            }
            at += 12 + (int)length;
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static SKEncodedOrigin OfTiff(ReadOnlySpan<byte> tiff)
    {
        bool little = tiff.StartsWith("II"u8);
        if (tiff.Length < 8 || !(little || tiff.StartsWith("MM"u8)))
        {
            return SKEncodedOrigin.TopLeft;
        }
        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
        {
            return SKEncodedOrigin.TopLeft;
        }
        int count = Short(tiff[(int)directory..], little);
        for (int i = 0, at = (int)directory + 2; i < count && at + 12 <= tiff.Length; i++, at += 12)
        {
            if (Short(tiff[at..], little) == OrientationTag)
            {
                int value = Short(tiff[(at + 8)..], little);
                return value is >= 1 and <= 8 ? (SKEncodedOrigin)value : SKEncodedOrigin.TopLeft;
            }
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static ushort Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
