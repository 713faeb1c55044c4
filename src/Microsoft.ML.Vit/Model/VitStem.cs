namespace Microsoft.ML.Vit;

/// <summary>How an image becomes tokens.</summary>
public enum VitStem
{
    /// <summary>One convolution whose kernel and stride are the patch (Dosovitskiy et al. 2020, arXiv 2010.11929). What checkpoints in circulation have.</summary>
    PatchProjection,

    /// <summary>
    /// log2(patch) 3x3 convolutions of stride 2 with batch normalisation (Xiao et al. 2021, arXiv 2106.14881). Learns faster from few
    /// images; no longer a checkpoint that timm's <c>vit_*</c> opens.
    /// </summary>
    Convolutions,
}
