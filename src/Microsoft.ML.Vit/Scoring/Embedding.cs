using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Scoring;

/// <summary>Takes an image's vector from a network.</summary>
internal static class Embedding
{
    /// <summary>What is wrong with asking this of such a network; null when it can be given.</summary>
    public static string? Problem(VitEmbedding embedding, VitConfig model) => embedding switch
    {
        _ when !Enum.IsDefined(embedding) => $"The embedding {embedding} is not known; expected one of {string.Join(", ", Enum.GetNames<VitEmbedding>())}.",
        VitEmbedding.ClassToken or VitEmbedding.ClassTokenAndMean when !model.HasClassToken => $"The embedding {embedding} needs a class token, which this checkpoint has not.",
        _ => null,
    };

    /// <summary>Length of the vector.</summary>
    public static int Length(VitEmbedding embedding, VitConfig model) => embedding switch
    {
        VitEmbedding.Pooled => model.PooledSize,
        VitEmbedding.ClassTokenAndMean => 2 * model.Width,
        _ => model.Width,
    };

    /// <summary>The vectors (B, length) of normalised images (B, C, H, W).</summary>
    public static Tensor Of(VisionTransformer network, Tensor images, VitEmbedding embedding)
    {
        Tensor tokens = network.ForwardFeatures(images); // (B, T, D)
        return embedding switch
        {
            VitEmbedding.ClassToken => tokens.select(1, 0),
            VitEmbedding.Mean => Mean(network.Config, tokens),
            VitEmbedding.ClassTokenAndMean => cat([tokens.select(1, 0), Mean(network.Config, tokens)], 1),
            _ => network.Pool(tokens),
        };
    }

    private static Tensor Mean(VitConfig config, Tensor tokens) => tokens.narrow(1, config.PrefixTokens, config.PatchTokens).mean([1]);
}
