using Microsoft.ML.Vit.Model;
using TorchSharp.Modules;

namespace Microsoft.ML.Vit.Training;

/// <summary>Which parameters of a pretrained network stay as they are.</summary>
internal static class Freezing
{
    /// <summary>Freezes them; the optimizer then gets the others only.</summary>
    /// <param name="network">The network.</param>
    /// <param name="blocks">The first so many blocks, and with any the embeddings before them.</param>
    /// <param name="backbone">All but the classifier (a linear probe).</param>
    public static void Apply(VisionTransformer network, int blocks, bool backbone)
    {
        foreach ((string name, Parameter parameter) in network.named_parameters())
        {
            parameter.requires_grad = !IsFrozen(name, blocks, backbone);
        }
    }

    /// <summary>Whether a parameter, by its name in timm, is frozen.</summary>
    public static bool IsFrozen(string name, int blocks, bool backbone)
    {
        string[] parts = name.Split('.');
        return parts[0] switch
        {
            "head" or "head_dist" or "pre_logits" => false,
            "blocks" => backbone || int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) < blocks,
            "norm" or "fc_norm" => backbone,
            _ => backbone || blocks > 0, // patches, tokens, positions
        };
    }
}
