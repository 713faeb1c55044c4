using System.Buffers.Binary;
using Tensorboard;

namespace Microsoft.ML.Vit.Tests.Training;

/// <summary>Reads TensorBoard's event files: records of a length, its checksum, that many bytes of an Event, their checksum.</summary>
internal static class EventFile
{
    public static List<Event> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var events = new List<Event>();
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.AreEqual(MaskedCrc32C(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Span<byte> data = file.AsSpan(at + 12, length);
            Assert.AreEqual(MaskedCrc32C(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(Event.Parser.ParseFrom(data.ToArray()));
            at += 16 + length;
        }
        return events;
    }

    /// <summary>CRC-32C (Castagnoli), turned right by 15 bits, plus a constant, as TFRecord has it.</summary>
    private static uint MaskedCrc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }
}
