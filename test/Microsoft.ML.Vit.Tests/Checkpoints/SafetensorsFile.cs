using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vit.Tests.Checkpoints;

/// <summary>Makes safetensors files by hand, right and wrong ones.</summary>
internal static class SafetensorsFile
{
    /// <summary>The bytes of a file with this header and this many bytes after it.</summary>
    public static byte[] Bytes(string header, int data) => Bytes(Encoding.UTF8.GetBytes(header), data);

    /// <summary>The bytes of a file with this header, its length as given or true, and this many bytes after it.</summary>
    public static byte[] Bytes(byte[] header, int data, ulong? claimedLength = null)
    {
        byte[] file = new byte[8 + header.Length + data];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimedLength ?? (ulong)header.Length);
        header.CopyTo(file, 8);
        return file;
    }
}
