using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;

namespace Microsoft.ML.Vit.Tests;

/// <summary>The bytes of every tensor in a safetensors file, read without our own reader.</summary>
internal static class SavedWeights
{
    public static Dictionary<string, byte[]> OfFile(string path) => Of(File.ReadAllBytes(path));

    public static Dictionary<string, byte[]> OfZip(string path)
    {
        using ZipArchive zip = ZipFile.OpenRead(path);
        using Stream stream = zip.Entries.Single(entry => entry.Name == "weights.safetensors").Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return Of(content.ToArray());
    }

    private static Dictionary<string, byte[]> Of(byte[] file)
    {
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        return json.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__").ToDictionary(tensor => tensor.Name, tensor =>
        {
            int[] offsets = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
            return file[(8 + header + offsets[0])..(8 + header + offsets[1])];
        });
    }
}
