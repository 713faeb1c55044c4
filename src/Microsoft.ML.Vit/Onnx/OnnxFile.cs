using System.Globalization;
using Google.Protobuf;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Onnx;

/// <summary>
/// Writes a model to its file, and weights that are too many for one (protobuf ends at 2 GB) to a second beside it, as ONNX's external data. Both are written under other names and then renamed, so that no half
/// of a file stands under their own.
/// </summary>
internal static class OnnxFile
{
    /// <summary>Protobuf's limit less ample room for the graph.</summary>
    public const long MostInlineBytes = int.MaxValue - (64L << 20);

    // As onnx's own writer: smaller tensors stay in the file, where tools see them.
    private const int LeastExternalBytes = 1024;

    // A page, so that the file can be mapped into memory.
    private const int Alignment = 4096;

    private const int ChunkBytes = 1 << 20;

    /// <summary>Name of the second file.</summary>
    public static string DataPath(string path) => path + ".data";

    /// <summary>Writes the model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">All but the weights' values.</param>
    /// <param name="weights">Their initializers in the model, and their values.</param>
    /// <param name="mostInlineBytes">The most bytes of values that the file itself holds.</param>
    public static void Write(string path, ModelProto model, IReadOnlyList<(TensorProto Proto, Tensor Values)> weights, long mostInlineBytes)
    {
        ThrowIfNotAPlaceForAFile(path);
        bool external = weights.Sum(weight => Bytes(weight.Values)) > mostInlineBytes;
        string suffix = $".{Guid.NewGuid():N}.tmp", data = DataPath(path);
        try
        {
            if (external)
            {
                using var stream = new FileStream(data + suffix, FileMode.CreateNew, FileAccess.Write, FileShare.None, ChunkBytes);
                WriteExternal(stream, Path.GetFileName(data), weights);
            }
            else
            {
                foreach ((TensorProto proto, Tensor values) in weights)
                {
                    SetInline(proto, values);
                }
            }
            using (var stream = new FileStream(path + suffix, FileMode.CreateNew, FileAccess.Write, FileShare.None, ChunkBytes))
            {
                model.WriteTo(stream);
            }
            Replace(path, suffix, data, external);
        }
        catch
        {
            File.Delete(path + suffix);
            File.Delete(data + suffix);
            throw;
        }
    }

    private static void ThrowIfNotAPlaceForAFile(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"The model cannot be written to {path}: there is no folder {folder}.");
        }
        if (Directory.Exists(path))
        {
            throw new IOException($"The model cannot be written to {path}: it is a folder; expected a file's name.");
        }
    }

    private static void Replace(string path, string suffix, string data, bool external)
    {
        if (external && File.Exists(data))
        {
            // Two files cannot be replaced at once. Should the machine stop in between, no model is better than an old one with the new weights.
            File.Delete(path);
        }
        if (external)
        {
            File.Move(data + suffix, data, overwrite: true);
        }
        File.Move(path + suffix, path, overwrite: true);
        if (!external)
        {
            File.Delete(data); // an older model's, which is no more
        }
    }

    private static void WriteExternal(Stream stream, string location, IReadOnlyList<(TensorProto Proto, Tensor Values)> weights)
    {
        foreach ((TensorProto proto, Tensor values) in weights)
        {
            long length = Bytes(values);
            if (length < LeastExternalBytes)
            {
                SetInline(proto, values);
                continue;
            }
            long offset = (stream.Position + Alignment - 1) / Alignment * Alignment;
            stream.Write(new byte[offset - stream.Position]);
            WriteValues(stream, values);
            proto.DataLocation = TensorProto.Types.DataLocation.External;
            proto.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) });
        }
    }

    private static void SetInline(TensorProto proto, Tensor values)
    {
        byte[] bytes = new byte[Bytes(values)];
        using var stream = new MemoryStream(bytes);
        WriteValues(stream, values);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>Little-endian float32, row by row.</summary>
    private static void WriteValues(Stream stream, Tensor values)
    {
        using var scope = NewDisposeScope();
        Tensor flat = values.to(float32, CPU).contiguous().view(-1);
        long count = flat.numel(), step = ChunkBytes / sizeof(float);
        for (long start = 0; start < count; start += step)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(step, count - start));
            stream.Write(part.bytes);
        }
    }

    private static long Bytes(Tensor values) => values.numel() * sizeof(float);
}
