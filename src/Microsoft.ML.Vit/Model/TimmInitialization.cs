using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// timm's default initialisation (<c>weight_init=""</c>): matrices, the head's too, and learned positions from normals of standard deviation 0.02, biases zero, class token and registers from N(0, 1e-6), norms 1 and 0,
/// convolutions as PyTorch makes them, uniform within 1/sqrt(fan-in). timm truncates its normals at ±2, a hundred deviations: no draw is affected, so none is truncated here.
/// </summary>
internal static class TimmInitialization
{
    private const double MatrixDeviation = 0.02;
    private const double TokenDeviation = 1e-6;

    /// <summary>Fills every weight of the network, on the CPU, in the network's order, from the generator alone.</summary>
    public static void Apply(VisionTransformer network, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(generator);
        using var noGradients = no_grad();
        network.ClassToken?.normal_(0, TokenDeviation, generator);
        network.RegisterTokens?.normal_(0, TokenDeviation, generator);
        network.DistillationToken?.normal_(0, MatrixDeviation, generator);
        network.Positions?.normal_(0, MatrixDeviation, generator);
        foreach ((_, nn.Module module) in network.named_modules())
        {
            switch (module)
            {
                case Linear linear:
                    linear.Weight.normal_(0, MatrixDeviation, generator);
                    linear.Bias?.fill_(0); // TorchSharp's zero_ (0.107) leaves the tensor as it is
                    break;
                case Convolution convolution:
                    double bound = 1 / Math.Sqrt(convolution.Weight.numel() / (double)convolution.Weight.size(0));
                    convolution.Weight.uniform_(-bound, bound, generator);
                    convolution.Bias?.uniform_(-bound, bound, generator);
                    break;
                case LayerNorm norm:
                    SetToIdentity(norm.Weight, norm.Bias);
                    break;
                case BatchNorm norm:
                    SetToIdentity(norm.Weight, norm.Bias);
                    break;
                case LayerScale scale:
                    scale.Gamma.fill_(network.Config.LayerScale!.Value);
                    break;
            }
        }
    }

    /// <summary>Fills the classifier alone: zeros, or as <see cref="Apply"/> does.</summary>
    public static void ApplyToHead(VisionTransformer network, Generator generator, bool zeros)
    {
        using var noGradients = no_grad();
        foreach ((string name, Parameter parameter) in network.named_parameters().Where(p => p.name.StartsWith("head", StringComparison.Ordinal)))
        {
            if (zeros || name.EndsWith("bias", StringComparison.Ordinal))
            {
                parameter.fill_(0);
            }
            else
            {
                parameter.normal_(0, MatrixDeviation, generator);
            }
        }
    }

    private static void SetToIdentity(Parameter weight, Parameter bias)
    {
        weight.fill_(1);
        bias.fill_(0);
    }
}
