using Microsoft.ML.Vit.Pretraining;

namespace Microsoft.ML.Vit;

/// <summary>
/// Pre-training as a masked autoencoder (He et al. 2021, arXiv 2111.06377; for small images and few, Tan 2024, arXiv 2402.03752): most patches of an image are hidden, the network reads the others, and a
/// small decoder beside it paints the hidden ones. It needs no labels, so it may learn from more images than have one. The decoder is thrown away; what the network learned is where training starts.
/// It pays where few of many images have labels. Within minutes of one core, the same with and without: 200 labelled of 48,200 CIFAR-10 images, half of 130 s spent on it, gained three points of
/// accuracy; with 2,000 labelled it lost (a quarter of 180 s: one point; half, on 50,000 images: five), and on 200 flowers without further images the gain was within the noise.
/// </summary>
public sealed record MaskedAutoencoderPretraining
{
    /// <summary>
    /// Further images, which need no label column: rows whose image column has the name and the kind of the training rows'. The training images are always learned from and need not be among them.
    /// Null: the training images alone. Default null.
    /// </summary>
    public IDataView? Images { get; init; }

    /// <summary>The share of <see cref="VitOptions.MaxTrainingTime"/>, where there is one, that pre-training takes; above 0, below 1. Default 0.25.</summary>
    public double Share { get; init; } = 0.25;

    /// <summary>
    /// Passes over the images, at most where there is a <see cref="VitOptions.MaxTrainingTime"/>. Null: with that, as many as fit in the <see cref="Share"/>; without, as many as show about 50,000
    /// images, at least 10 and at most 200.
    /// Default null.
    /// </summary>
    public int? Epochs { get; init; }

    /// <summary>Share of an image's patches that is hidden; above 0, below 1. At least one patch is hidden and one is seen. Default 0.75.</summary>
    public double MaskRatio { get; init; } = 0.75;

    /// <summary>Size of a token in the decoder, a multiple of 4. Null: half of the network's, as a multiple of 32. Default null.</summary>
    public int? DecoderWidth { get; init; }

    /// <summary>Blocks of the decoder, 1 or more. Default 1.</summary>
    public int DecoderDepth { get; init; } = 1;

    /// <summary>
    /// The optimizer, with the warmup, the cosine and the clipping of the training after it. Null: Muon for the blocks' matrices with AdamW for the rest, at their default learning rates. Default null.
    /// </summary>
    public VitOptimizer? Optimizer { get; init; }

    /// <summary>What is wrong, a sentence each; none when all is sound.</summary>
    internal IEnumerable<string> Problems()
    {
        (string Property, double? Value, bool Sound, string Expected)[] numbers =
        [
            (nameof(Share), Share, Share is > 0 and < 1, "above 0 and below 1"),
            (nameof(Epochs), Epochs, Epochs is null or >= 1, "1 or more, or null"),
            (nameof(MaskRatio), MaskRatio, MaskRatio is > 0 and < 1, "above 0 and below 1"),
            (nameof(DecoderWidth), DecoderWidth, DecoderWidth is null or (>= 4 and <= MaskedDecoder.MaxWidth) && DecoderWidth % 4 is null or 0, $"a multiple of 4 up to {MaskedDecoder.MaxWidth}, or null"),
            (nameof(DecoderDepth), DecoderDepth, DecoderDepth is >= 1 and <= MaskedDecoder.MaxDepth, $"1 to {MaskedDecoder.MaxDepth}"),
        ];
        return numbers.Where(n => !n.Sound)
            .Select(n => $"{nameof(MaskedAutoencoderPretraining)}.{n.Property} is {n.Value}; expected {n.Expected}.")
            .Concat((Optimizer?.Problems() ?? []).Select(problem => $"{nameof(MaskedAutoencoderPretraining)}.{nameof(Optimizer)}: {problem}"));
    }
}
