using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Two-dimensional sine-cosine positions as in big_vision's <c>sincos2d</c> (MoCo v3, Chen et al. 2021, arXiv 2104.02057): a quarter of the width each for sin x, cos x, sin y, cos y, at
/// frequencies from 1 down to 1/10000.
/// </summary>
internal static class SinCosPositions
{
    /// <summary>The table (N, D) of a grid, row by row; the width is a multiple of 4.</summary>
    public static Tensor Table(PixelSize grid, int width)
    {
        if (width % 4 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(width), width, "Sine-cosine positions need a width that is a multiple of 4.");
        }
        using var scope = NewDisposeScope();
        int quarter = width / 4;
        Tensor exponents = arange(quarter, float32, CPU) / Math.Max(quarter - 1, 1);
        Tensor frequencies = pow(10_000, exponents.neg()); // (D/4)
        Tensor rows = arange(grid.Height, float32, CPU).repeat_interleave(grid.Width); // y of every patch, (N)
        Tensor columns = arange(grid.Width, float32, CPU).repeat(grid.Height); // x of every patch, (N)
        Tensor x = outer(columns, frequencies), y = outer(rows, frequencies); // (N, D/4)
        return cat([x.sin(), x.cos(), y.sin(), y.cos()], 1).MoveToOuterDisposeScope();
    }
}
