namespace Microsoft.ML.Vit.Cores;

/// <summary>The sizes that all blocks of a network share.</summary>
/// <param name="Tokens">Of one image.</param>
/// <param name="Width">Of a token.</param>
/// <param name="Heads">Of the attention.</param>
/// <param name="Hidden">Of the MLP.</param>
internal readonly record struct BlockShape(int Tokens, int Width, int Heads, int Hidden)
{
    /// <summary>Width of a head.</summary>
    public int HeadSize => Width / Heads;

    /// <summary>Floating-point operations of a block's products for an image.</summary>
    public double Operations => (2.0 * Tokens * Width * (4 * Width + 2 * Hidden)) + (4.0 * Tokens * Tokens * Width);
}
