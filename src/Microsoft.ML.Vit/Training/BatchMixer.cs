using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Training;

/// <summary>Does what <see cref="BatchMixing"/> says to one batch.</summary>
internal static class BatchMixer
{
    /// <summary>Mixes, or leaves the batch as it is.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="images">Normalised images (B, C, H, W); left as they are.</param>
    /// <param name="labels">Their classes (B).</param>
    /// <param name="classes">Number of classes, C.</param>
    /// <param name="random">The batch's own generator.</param>
    /// <returns>The images and their targets: soft ones (B, C) of a mixed batch, else the labels (B). They belong to the caller's dispose scope.</returns>
    public static (Tensor Images, Tensor Targets) Mix(BatchMixing options, Tensor images, Tensor labels, int classes, Random random)
    {
        if (random.NextDouble() >= options.Probability)
        {
            return (images, labels);
        }
        bool cuts = options.CutMixAlpha > 0 && (options.MixupAlpha == 0 || random.NextDouble() < options.CutMixProbability);
        double alpha = cuts ? options.CutMixAlpha : options.MixupAlpha;
        double share = BetaDistribution.Sample(alpha, alpha, random);
        Tensor partners = images.flip(0);
        Tensor mixed;
        if (cuts)
        {
            (int top, int left, int height, int width) = DrawBox(share, (int)images.size(2), (int)images.size(3), random);
            mixed = images.clone();
            mixed.narrow(2, top, height).narrow(3, left, width).copy_(partners.narrow(2, top, height).narrow(3, left, width));
            share = 1 - ((double)height * width / (images.size(2) * images.size(3)));
        }
        else
        {
            mixed = images.lerp(partners, 1 - share);
        }
        Tensor targets = nn.functional.one_hot(labels, classes).to(images.dtype);
        return (mixed, targets.lerp(targets.flip(0), 1 - share));
    }

    /// <summary>The rectangle that comes from the partner: its area 1 - share of the image's, its centre anywhere, cut off at the border.</summary>
    private static (int Top, int Left, int Height, int Width) DrawBox(double share, int height, int width, Random random)
    {
        double side = Math.Sqrt(1 - share);
        (int top, int boxHeight) = DrawSide((int)(height * side), height, random);
        (int left, int boxWidth) = DrawSide((int)(width * side), width, random);
        return (top, left, boxHeight, boxWidth);
    }

    private static (int Start, int Length) DrawSide(int length, int most, Random random)
    {
        int centre = random.Next(most);
        int start = Math.Clamp(centre - (length / 2), 0, most), end = Math.Clamp(centre + (length / 2), 0, most);
        return (start, end - start);
    }
}
