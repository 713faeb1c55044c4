namespace Microsoft.ML.Vit.Cores;

/// <summary>The sizes that all blocks of a network share.</summary>
/// <param name="Tokens">Of one image.</param>
/// <param name="Width">Of a token.</param>
/// <param name="Heads">Of the attention.</param>
/// <param name="Hidden">Of the MLP.</param>
internal readonly record struct BlockShape(int Tokens, int Width, int Heads, int Hidden)
{
    /// <summary>Whether this processor and these sizes are such that the kernels can compute the blocks.</summary>
    public bool SuitsKernels => MatrixKernel.IsSupported && PackedMatrix.IsWhole(Width) && PackedMatrix.IsWhole(Hidden) && HeadSize % MatrixKernel.Lanes == 0;

    /// <summary>Width of a head.</summary>
    public int HeadSize => Width / Heads;

    /// <summary>Those of a network that sees all its tokens.</summary>
    public static BlockShape Of(VitConfig config) => new(config.Tokens, config.Width, config.Heads, config.MlpHiddenSize);

    /// <summary>Floating-point operations of a block's products for an image.</summary>
    public double Operations => (2.0 * Tokens * Width * (4 * Width + 2 * Hidden)) + (4.0 * Tokens * Tokens * Width);
}
