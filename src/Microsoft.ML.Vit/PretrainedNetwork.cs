using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using TorchSharp;

namespace Microsoft.ML.Vit;

/// <summary>Loads checkpoints that are used as they are.</summary>
internal static class PretrainedNetwork
{
    /// <summary>The network on the context's device; the caller disposes it. What the checkpoint left open goes to the log.</summary>
    public static (VisionTransformer Network, torch.Device Device) Load(IHostEnvironment environment, IChannel channel, VitCheckpoint checkpoint)
    {
        torch.Device device = DeviceSelector.Select(environment, channel, "auto", "Scores");
        Report(channel, checkpoint);
        VisionTransformer network = checkpoint.Load(checkpoint.Preprocessing.Size);
        network.to(device);
        return (network, device);
    }

    /// <summary>Says what the checkpoint is, and what was assumed where it does not say.</summary>
    public static void Report(IChannel channel, VitCheckpoint checkpoint)
    {
        channel.Info($"Checkpoint in {checkpoint.Layout}'s layout: {checkpoint.Model.ParameterCount:N0} parameters, {checkpoint.Model.ImageSize} pixels.");
        foreach (string note in checkpoint.Notes)
        {
            channel.Warning(note);
        }
    }
}
