namespace Microsoft.ML.Vit;

/// <summary>
/// The architecture of a Vision Transformer: everything that decides the shapes and the arithmetic of the network, and nothing of how it is trained.
/// The defaults are ViT-B/16 of Dosovitskiy et al. 2020 (arXiv 2010.11929) as timm builds it. An immutable value: change it by <c>with</c>.
/// </summary>
public sealed partial record VitConfig
{
    /// <summary>Height and width of the input in pixels; each divisible by <see cref="PatchSize"/>. Default 224x224.</summary>
    public PixelSize ImageSize { get; init; } = 224;

    /// <summary>Height and width of a patch in pixels. With <see cref="VitStem.Convolutions"/> a square whose side is a power of two. Default 16x16.</summary>
    public PixelSize PatchSize { get; init; } = 16;

    /// <summary>Channels of the input: 1 (grey) or 3 (RGB) for images, any number for float vectors. Default 3.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Size of a token's vector (embedding dimension); divisible by <see cref="Heads"/>. Default 768.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Number of transformer blocks. Default 12.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads of every block. Default 12.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Hidden size of a block's MLP as a multiple of <see cref="Width"/>. Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>How the image becomes tokens. Default: the patch projection.</summary>
    public VitStem Stem { get; init; } = VitStem.PatchProjection;

    /// <summary>Whether a class (CLS) token goes before the patches. Needed where it is pooled. Default true.</summary>
    public bool HasClassToken { get; init; } = true;

    /// <summary>Whether the class token has a position of its own; false is timm's <c>no_embed_class</c>. Registers never have one. Default true.</summary>
    public bool ClassTokenHasPosition { get; init; } = true;

    /// <summary>Whether there are a distillation token, between class token and registers and with a position as the class token, and its head. Default none.</summary>
    public VitDistillation Distillation { get; init; } = VitDistillation.None;

    /// <summary>Register tokens (Darcet et al. 2023, arXiv 2309.16588), between class token and patches, without positions. Default 0.</summary>
    public int RegisterTokens { get; init; }

    /// <summary>How tokens become the vector that the head reads. Default: the class token.</summary>
    public VitPooling Pooling { get; init; } = VitPooling.ClassToken;

    /// <summary>Learned or fixed positions. Default: learned.</summary>
    public VitPositions Positions { get; init; } = VitPositions.Learned;

    /// <summary>Initial value of LayerScale (Touvron et al. 2021, arXiv 2103.17239), for example 1e-5; null for none. Default null.</summary>
    public double? LayerScale { get; init; }

    /// <summary>Whether queries and keys are normalised head by head (Dehghani et al. 2023, arXiv 2302.05442). Default false.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Whether the MLP is gated, SwiGLU (Shazeer 2020, arXiv 2002.05202), with DINOv2's hidden size and packed first layer. Default false.</summary>
    public bool SwiGlu { get; init; }

    /// <summary>Whether the query, key and value projections have biases. Default true.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Non-linearity of the blocks' MLP; SwiGLU has its own. Default: exact GELU.</summary>
    public VitActivation Activation { get; init; } = VitActivation.Gelu;

    /// <summary>Epsilon of every layer normalisation: 1e-6 in timm and torchvision, 1e-12 in Hugging Face's ViT, 1e-5 in the seed. Default 1e-6.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Dropout after positions, attention projection and both MLP layers, in training; 0 to below 1. Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Dropout of the attention weights, in training; 0 to below 1. Default 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Drop path (stochastic depth, Huang et al. 2016, arXiv 1603.09382) of the last block; it rises linearly from 0 at the first; 0 to below 1. Default 0.</summary>
    public double DropPath { get; init; }

    /// <summary>
    /// Patch dropout (Li et al. 2022, arXiv 2212.00794; timm's <c>patch_drop_rate</c>): share of an image's patches that the blocks do not see in training, which saves their time; at least one is
    /// seen, and the tokens before the patches always are; 0 to below 1. Default 0.
    /// </summary>
    public double PatchDropout { get; init; }

    /// <summary>Hidden size of an MLP head (pre-logits layer); null for a linear head. Default null.</summary>
    public int? HeadHiddenSize { get; init; }

    /// <summary>Non-linearity of an MLP head. Default: tanh, as in ViT's pre-training head.</summary>
    public VitActivation HeadActivation { get; init; } = VitActivation.Tanh;

    /// <summary>Number of classes, the length of the logits; the trainer sets it from the label's key type. 0 is for a backbone without head: it gives the pooled vector. Default 1000.</summary>
    public int Classes { get; init; } = 1000;
}
