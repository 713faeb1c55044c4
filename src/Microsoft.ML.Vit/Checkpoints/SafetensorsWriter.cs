using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>
/// Writes a safetensors container as the reference implementation does: tensors by type, widest first, then by name; the header padded with spaces to a multiple of 8. Bytes
/// go straight from tensor memory to the stream, which need not be seekable.
/// </summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;
    private const int ChunkBytes = 1 << 20;

    /// <summary>Writes the tensors, from any device, and leaves the stream open.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or is the metadata's.</exception>
    /// <exception cref="NotSupportedException">A tensor's type is none that is written.</exception>
    public static void Write(Stream stream, IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (string Name, Tensor Tensor, SafetensorsType Type)[] sorted =
        [
            .. tensors
                .Select(entry => (entry.Name, entry.Tensor, Type: SafetensorsType.Of(entry.Tensor.dtype)))
                .OrderByDescending(entry => SafetensorsType.All.IndexOf(entry.Type))
                .ThenBy(entry => entry.Name, StringComparer.Ordinal),
        ];
        if (sorted.Select(entry => entry.Name).Append(SafetensorsHeader.MetadataKey).GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"The tensor name '{twice.Key}' is taken.", nameof(tensors));
        }

        byte[] header = Header(sorted, metadata);
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach ((_, Tensor tensor, _) in sorted)
        {
            WriteBytes(stream, tensor);
        }
    }

    private static byte[] Header(IEnumerable<(string Name, Tensor Tensor, SafetensorsType Type)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }
                json.WriteEndObject();
            }
            long begin = 0;
            foreach ((string name, Tensor tensor, SafetensorsType type) in tensors)
            {
                long end = begin + (tensor.numel() * type.Bits / 8);
                json.WriteStartObject(name);
                json.WriteString("dtype", type.Name);
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", [begin, end]);
                json.WriteEndObject();
                begin = end;
            }
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0)
        {
            buffer.WriteByte((byte)' ');
        }
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }
        json.WriteEndArray();
    }

    private static void WriteBytes(Stream stream, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        Tensor flat = tensor.detach().cpu().contiguous().view(-1);
        long count = flat.numel(), step = ChunkBytes / tensor.ElementSize;
        for (long start = 0; start < count; start += step)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(step, count - start));
            stream.Write(part.bytes);
        }
    }
}
