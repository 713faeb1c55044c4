using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Images;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Explaining;

/// <summary>From an image of any size to its explanation.</summary>
internal static class Explainer
{
    /// <summary>Explains one class's score.</summary>
    /// <param name="network">In evaluation mode.</param>
    /// <param name="normalizer">Pixels to its input.</param>
    /// <param name="preprocessing">The image to pixels.</param>
    /// <param name="classNames">The classes.</param>
    /// <param name="decode">Gives the image with so many channels, 1 or 3.</param>
    /// <param name="classIndex">One of the classes; null for the most probable one.</param>
    public static Explanation Explain(
        VisionTransformer network, InputNormalizer normalizer, Preprocessing preprocessing, IReadOnlyList<string> classNames, Func<int, PlanarImage> decode, int? classIndex)
    {
        if (preprocessing.Channels is not (1 or 3))
        {
            throw new NotSupportedException($"The model reads {preprocessing.Channels} channels; pictures have 1 or 3.");
        }
        using var scope = NewDisposeScope();
        var fitter = new ImageFitter(preprocessing);
        var shape = ImageShape.Of(preprocessing, isFloat: false);
        Tensor pixels = shape.NewBatch(1);
        using (PlanarImage input = decode(preprocessing.Channels))
        {
            fitter.Fit(input, pixels.bytes);
        }
        using var maps = new AttentionMaps(network, normalizer.Apply(pixels), classIndex);
        using PlanarImage picture = decode(3);
        PixelSize size = picture.Size;
        return new Explanation(Packed(picture), size, fitter.RegionSeen(size))
        {
            Grid = network.Config.Grid,
            ClassIndex = maps.ClassIndex,
            ClassName = classNames[maps.ClassIndex],
            Probability = maps.Probabilities[maps.ClassIndex],
            Relevance = maps.Relevance(),
            Rollout = maps.Rollout(),
        };
    }

    /// <summary>The image in colour, red, green, blue and an opaque alpha.</summary>
    private static byte[] Packed(PlanarImage planes)
    {
        int plane = planes.Size.Height * planes.Size.Width;
        byte[] picture = new byte[4 * plane];
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                picture[(4 * i) + channel] = planes.Pixels[(channel * plane) + i];
            }
            picture[(4 * i) + 3] = 255;
        }
        return picture;
    }
}
