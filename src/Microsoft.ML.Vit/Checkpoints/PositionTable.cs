using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Checkpoints;

/// <summary>Makes a table of positions fit another grid.</summary>
internal static class PositionTable
{
    private const double Offset = 0.1;

    /// <summary>
    /// A table (1, prefix + N', D) in float32 of one (1, prefix + N, D); where the grids are equal its values are unchanged.
    /// </summary>
    public static Tensor Resize(Tensor table, int prefix, PixelSize from, PixelSize to, PositionResize method)
    {
        using var scope = NewDisposeScope();
        table = table.to(float32);
        if (from == to)
        {
            return table.alias().MoveToOuterDisposeScope();
        }
        long width = table.size(2);
        Tensor grid = table.narrow(1, prefix, (long)from.Height * from.Width)
            .reshape(1, from.Height, from.Width, width)
            .permute(0, 3, 1, 2); // (1, D, rows, columns), as images are
        Tensor resized = Interpolate(grid, from, to, method); // (1, D, rows', columns')
        if (resized.size(2) != to.Height || resized.size(3) != to.Width)
        {
            throw new InvalidOperationException($"Positions became {resized.size(2)}x{resized.size(3)}; expected {to}.");
        }
        Tensor rows = resized.permute(0, 2, 3, 1).reshape(1, -1, width);
        return cat([table.narrow(1, 0, prefix), rows], 1).MoveToOuterDisposeScope();
    }

    private static Tensor Interpolate(Tensor grid, PixelSize from, PixelSize to, PositionResize method)
    {
        if (method == PositionResize.BicubicOffset)
        {
            double[] factors = [(to.Height + Offset) / from.Height, (to.Width + Offset) / from.Width];
            return nn.functional.interpolate(grid, scale_factor: factors, mode: InterpolationMode.Bicubic, align_corners: false);
        }
        InterpolationMode mode = method is PositionResize.Bilinear or PositionResize.BilinearAlignCorners ? InterpolationMode.Bilinear : InterpolationMode.Bicubic;
        bool alignCorners = method is PositionResize.BicubicAlignCorners or PositionResize.BilinearAlignCorners;
        return nn.functional.interpolate(
            grid, size: [to.Height, to.Width], mode: mode, align_corners: alignCorners, antialias: method == PositionResize.BicubicAntialias);
    }
}
