using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using Microsoft.ML.Vit.Persistence;
using Microsoft.ML.Vit.Quantization;
using TorchSharp;

namespace Microsoft.ML.Vit;

/// <summary>What the transformers' loaders, which ML.NET calls, have in common.</summary>
internal static class ModelOpening
{
    /// <summary>Reads description and weights, and moves the network to the context's device.</summary>
    /// <exception cref="ModelFormatException">The model cannot be read; the message names the entry.</exception>
    public static (T Description, VisionTransformer Network, torch.Device Device) Open<T>(IHostEnvironment environment, ModelLoadContext context, VersionInfo version)
        where T : NetworkDescription
    {
        using IChannel channel = environment.Start("Load Vision Transformer");
        torch.Device device = DeviceSelector.Select(environment, channel, "auto", "Scores");
        try
        {
            context.CheckAtModel(version);
            (T description, VisionTransformer network) = ModelFile.Load<T>(context);
            if (QuantizedNetwork.QuantizationOf(network) is not null)
            {
                device = torch.CPU;
                channel.Info("Scores in int8, on the CPU.");
            }
            else if (description.IsQuantized)
            {
                channel.Warning($"The model was saved in int8 and scores in float32 with the rounded weights: {QuantizedNetwork.Problem}.");
            }
            network.to(device);
            return (description, network, device);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException)
        {
            throw new ModelFormatException(e.Message, e);
        }
    }
}
