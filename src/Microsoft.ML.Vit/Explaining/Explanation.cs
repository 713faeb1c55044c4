using Microsoft.ML.Data;
using Microsoft.ML.Vit.Explaining;

namespace Microsoft.ML.Vit;

/// <summary>Which patches of an image a prediction rests on. A plain value without native memory.</summary>
public sealed class Explanation
{
    private readonly byte[] _picture;
    private readonly PixelSize _pictureSize;
    private readonly (double Top, double Left, double Height, double Width) _seen;

    internal Explanation(byte[] picture, PixelSize pictureSize, (double Top, double Left, double Height, double Width) seen)
    {
        _picture = picture;
        _pictureSize = pictureSize;
        _seen = seen;
    }

    /// <summary>Patches down and across the part of the image that the model sees.</summary>
    public required PixelSize Grid { get; init; }

    /// <summary>The class explained, its place among the scores.</summary>
    public required int ClassIndex { get; init; }

    /// <summary>The class's name.</summary>
    public required string ClassName { get; init; }

    /// <summary>The probability that the model gives the class, 0 to 1.</summary>
    public required float Probability { get; init; }

    /// <summary>For each patch, row by row, how much it speaks for the class: gradient-weighted relevance (Chefer et al. 2021, arXiv 2103.15679), 0 or above; only ratios between patches mean something.</summary>
    public required IReadOnlyList<float> Relevance { get; init; }

    /// <summary>For each patch, row by row, how much attention it gets through all blocks, whatever the class (attention rollout, Abnar and Zuidema 2020, arXiv 2005.00928); 0 to 1.</summary>
    public required IReadOnlyList<float> Rollout { get; init; }

    /// <summary>The image with the patches' numbers laid over it, from transparent blue (the lowest) to red (the highest); the caller disposes it.</summary>
    /// <param name="method">Which numbers.</param>
    /// <param name="opacity">Of the highest number's colour, 0 to 1.</param>
    /// <returns>An image of the size of the one explained; what the model does not see of it, where it crops, stays as it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The opacity is not within 0 and 1, or there is no such method.</exception>
    public MLImage Overlay(ExplanationMethod method = ExplanationMethod.Relevance, double opacity = 0.65)
    {
        if (!(opacity >= 0 && opacity <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(opacity), opacity, "The opacity is expected to be 0 to 1.");
        }
        IReadOnlyList<float> values = method switch
        {
            ExplanationMethod.Relevance => Relevance,
            ExplanationMethod.Rollout => Rollout,
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, $"Expected one of {string.Join(", ", Enum.GetNames<ExplanationMethod>())}."),
        };
        byte[] pixels = HeatMap.Over(_picture, _pictureSize, values, Grid, _seen, opacity);
        return MLImage.CreateFromPixels(_pictureSize.Width, _pictureSize.Height, MLPixelFormat.Rgba32, pixels);
    }
}
