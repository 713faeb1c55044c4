using Microsoft.ML.Vit.Checkpoints;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Quantization;
using TorchSharp;

namespace Microsoft.ML.Vit.Persistence;

/// <summary>A trained model's entries in ML.NET's zip: <c>vit.json</c> and <c>weights.safetensors</c>.</summary>
internal static class ModelFile
{
    /// <summary>The entry that says all but the weights.</summary>
    public const string DescriptionEntry = "vit.json";

    /// <summary>The entry of the weights, beside it.</summary>
    public const string WeightsEntry = "weights.safetensors";

    /// <summary>The longest description that is read: far above what the labels of ten thousand classes take.</summary>
    private const int MaxDescriptionBytes = 1 << 26;

    /// <summary>Writes both entries, weights straight from tensor memory.</summary>
    public static void Save(ModelSaveContext context, NetworkDescription description, VisionTransformer network)
    {
        context.SaveBinaryStream(DescriptionEntry, writer => writer.Write(description.ToJson()));
        context.SaveBinaryStream(WeightsEntry, writer => QuantizedState.Write(writer.BaseStream, network));
    }

    /// <summary>Reads both; the network lies on the CPU and is the caller's to dispose. A quantised one computes in bytes where that can be done here, and else in float32.</summary>
    /// <exception cref="FormatException">An entry is missing, damaged, contradicts the other, or was written by a newer release; the message names it.</exception>
    public static (T Description, VisionTransformer Network) Load<T>(ModelLoadContext context)
        where T : NetworkDescription
    {
        T? description = null;
        Read(context, DescriptionEntry, stream => description = NetworkDescription.FromJson<T>(ReadDescription(stream, stream.Length)));
        VisionTransformer? network = null;
        Read(context, WeightsEntry, stream => network = ReadWeights(stream, description!));
        return (description!, network!);
    }

    /// <summary>A header is proved to match the bytes that are there; so nothing is built for an architecture that they cannot fill.</summary>
    /// <exception cref="FormatException">They cannot.</exception>
    public static void CheckHolds(SafetensorsReader weights, VitConfig config)
    {
        long held = weights.Entries.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size));
        if (held < config.ParameterCount)
        {
            throw new FormatException($"it holds {held} values; the model that {DescriptionEntry} describes has {config.ParameterCount} parameters.");
        }
    }

    /// <summary>The bytes of a description of this length.</summary>
    /// <exception cref="FormatException">It is longer than any is.</exception>
    public static byte[] ReadDescription(Stream stream, long length)
    {
        if (length > MaxDescriptionBytes)
        {
            throw new FormatException($"it has {length} bytes; expected at most {MaxDescriptionBytes}.");
        }
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The tensors of a file as those of a network in float32, which it may not be.</summary>
    public static ITensorSource SourceOf(SafetensorsReader weights, NetworkDescription description, VisionTransformer network) =>
        description.IsQuantized ? new QuantizedState(weights, network) : weights;

    private static VisionTransformer ReadWeights(Stream stream, NetworkDescription description)
    {
        using var reader = new SafetensorsReader(stream, WeightsEntry);
        CheckHolds(reader, description.Model);
        var network = new VisionTransformer(description.Model, generator: null);
        try
        {
            if (description.Precision == VitPrecision.BFloat16)
            {
                network.KeepMatricesIn(torch.ScalarType.BFloat16);
            }
            ITensorSource source = SourceOf(reader, description, network);
            StateLoader.Load(network, source, CheckpointNaming.Timm);
            if (source is QuantizedState quantized && quantized.Blocks() is { } blocks && QuantizedNetwork.Problem is null)
            {
                QuantizedNetwork.Apply(network, blocks);
            }
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static void Read(ModelLoadContext context, string entry, Action<Stream> read)
    {
        try
        {
            if (!context.TryLoadBinaryStream(entry, reader => read(reader.BaseStream)))
            {
                throw new FormatException("it is missing.");
            }
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException)
        {
            throw new FormatException($"The model's entry '{entry}' cannot be read: {e.Message}", e);
        }
    }
}
