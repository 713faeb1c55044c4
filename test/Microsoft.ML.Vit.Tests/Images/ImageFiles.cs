using System.Buffers.Binary;
using System.IO.Compression;
using SkiaSharp;

namespace Microsoft.ML.Vit.Tests.Images;

/// <summary>Makes image files: by Skia where it encodes the format, byte by byte where it does not.</summary>
internal static class ImageFiles
{
    public static readonly SKColor Red = new(255, 0, 0);
    public static readonly SKColor Green = new(0, 255, 0);
    public static readonly SKColor Blue = new(0, 0, 255);
    public static readonly SKColor White = new(255, 255, 255);

    // Made with Pillow 9.4: Image.new('CMYK', (16, 16)), quarters (255,0,0,0), (0,255,255,0), (0,0,0,0), (0,0,0,128), saved as JPEG, quality 95 (Adobe marker, transform 0).
    public const string CmykJpeg = "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCgwJCgoK/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD+f+v38r9/K/fyv7/K/gDr+AOiiv7/ACv7/KKKKK/n/r//2Q==";

    // The same through ImageMagick 6.9 (convert cmyk.jpg -colorspace CMYK -type ColorSeparation): YCCK (Adobe marker, transform 2).
    public const string YcckJpeg = "/9j/7gAOQWRvYmUAZAAAAAAC/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCgwJCgoK/9sAQwECAgICAgIFAwMFCgcGBwoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoK/8AAFAgAEAAQBAERAAIRAQMRAQQRAP/EABcAAAMBAAAAAAAAAAAAAAAAAAAJCgj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFwEAAwEAAAAAAAAAAAAAAAAAAAgJCv/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAOBAEAAhEDEQQAAD8AxeVNfw/w5xVhgDCTMqbQAAAn/f/Z";

    /// <summary>Four quarters of colour: top left, top right, bottom left, bottom right.</summary>
    public static byte[] Quarters(SKEncodedImageFormat format, int height, int width, SKColor topLeft, SKColor topRight, SKColor bottomLeft, SKColor bottomRight)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bitmap.SetPixel(x, y, y < height / 2 ? (x < width / 2 ? topLeft : topRight) : (x < width / 2 ? bottomLeft : bottomRight));
            }
        }
        using SKData data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    /// <summary>The same JPEG with an EXIF segment that says how it is turned.</summary>
    public static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif = Exif(orientation, little: false);
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(exif.Length + 8), .. "Exif\0\0"u8, .. exif, .. jpeg[2..]];
    }

    /// <summary>The same PNG with an eXIf chunk, after its header.</summary>
    public static byte[] WithOrientationChunk(byte[] png, int orientation) => [.. png[..33], .. Chunk("eXIf", Exif(orientation, little: true)), .. png[33..]];

    /// <summary>A TIFF with one directory of one entry: 0x0112, SHORT, one value.</summary>
    private static byte[] Exif(int orientation, bool little) => little
        ? [.. "II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0]
        : [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];

    /// <summary>A PNG of any kind; rows are packed samples, without the filter byte.</summary>
    public static byte[] Png(int height, int width, byte bits, byte colourType, byte[][] rows, byte[]? palette = null, byte[]? transparency = null)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (bits, colourType);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            foreach (byte[] row in rows)
            {
                zlib.WriteByte(0);
                zlib.Write(row);
            }
        }
        return
        [
            0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. palette is null ? [] : Chunk("PLTE", palette),
            .. transparency is null ? [] : Chunk("tRNS", transparency), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", []),
        ];
    }

    /// <summary>An uncompressed BMP, rows from the bottom up; 8 bits with a palette (blue, green, red, 0), 24 or 32 (blue, green, red, unused).</summary>
    public static byte[] Bmp(int height, int width, short bits, byte[][] rowsFromTop, byte[]? palette = null)
    {
        int start = 54 + (palette?.Length ?? 0);
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("BM"u8);
        int stride = (width * bits / 8 + 3) / 4 * 4;
        writer.Write(start + stride * height);
        writer.Write(0);
        writer.Write(start);
        foreach (int value in new[] { 40, width, height, 1 | bits << 16, 0, stride * height, 2835, 2835, (palette?.Length ?? 0) / 4, 0 })
        {
            writer.Write(value);
        }
        writer.Write(palette ?? []);
        foreach (byte[] row in rowsFromTop.Reverse())
        {
            writer.Write(row);
            writer.Write(new byte[stride - row.Length]);
        }
        return file.ToArray();
    }

    /// <summary>A GIF of up to 128 colours and any number of full frames. Codes stay eight bits wide, since the table is cleared before it outgrows them.</summary>
    public static byte[] Gif(int height, int width, byte[] palette, byte? transparent, params byte[][] frames)
    {
        var file = new List<byte>([.. "GIF89a"u8, (byte)width, 0, (byte)height, 0, 0xF6, 0, 0]);
        file.AddRange(palette);
        file.AddRange(new byte[3 * 128 - palette.Length]);
        foreach (byte[] frame in frames)
        {
            file.AddRange([0x21, 0xF9, 4, (byte)(transparent is null ? 0 : 1), 10, 0, transparent ?? 0, 0]);
            file.AddRange([0x2C, 0, 0, 0, 0, (byte)width, 0, (byte)height, 0, 0, 7]);
            foreach (byte[] pixels in frame.Chunk(100))
            {
                file.Add((byte)(pixels.Length + 1));
                file.Add(0x80);
                file.AddRange(pixels);
            }
            file.AddRange([1, 0x81, 0]);
        }
        file.Add(0x3B);
        return [.. file];
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] chunk = new byte[content.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        System.Text.Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        content.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(content.Length + 8), Crc(chunk.AsSpan(4, content.Length + 4)));
        return chunk;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }
        return ~crc;
    }
}
