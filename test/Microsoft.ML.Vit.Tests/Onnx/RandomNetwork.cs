using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Onnx;

/// <summary>A network in evaluation mode all of whose weights matter: none is zero or one, as biases and norms are before training.</summary>
internal static class RandomNetwork
{
    public static VisionTransformer Build(VitConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(3);
        var network = new VisionTransformer(config, generator: null);
        foreach ((string name, Tensor tensor) in network.State())
        {
            bool isFactor = tensor.dim() == 1 && !name.EndsWith("bias", StringComparison.Ordinal) && !name.EndsWith("running_mean", StringComparison.Ordinal);
            // Matrices keep the length of what they multiply; factors and variances stay away from zero.
            double spread = tensor.dim() is 2 or 4 ? 1 / Math.Sqrt(tensor.numel() / tensor.size(0)) : 0.3;
            Tensor values = randn(tensor.shape, generator: generator) * spread;
            tensor.copy_(isFactor ? values.abs() + 0.5 : values);
        }
        network.eval();
        return network;
    }

    /// <summary>Normalised images (count, C, H, W) for it.</summary>
    public static Tensor Images(VitConfig config, int count)
    {
        using var generator = new Generator(5);
        return randn([count, config.Channels, config.ImageSize.Height, config.ImageSize.Width], generator: generator);
    }

    public static Preprocessing PreprocessingOf(VitConfig config) => new() { Size = config.ImageSize, Channels = config.Channels };
}
