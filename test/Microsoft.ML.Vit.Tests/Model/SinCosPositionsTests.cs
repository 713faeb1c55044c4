using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Tests.Model;

[TestClass]
public sealed class SinCosPositionsTests
{
    [TestMethod]
    public void TheTableFollowsTheFormulaOnANonSquareGrid()
    {
        const int Height = 3, Columns = 5, Width = 16;
        using Tensor table = SinCosPositions.Table(new PixelSize(Height, Columns), Width);
        CollectionAssert.AreEqual(new long[] { Height * Columns, Width }, table.shape);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Columns; x++)
            {
                for (int i = 0; i < Width / 4; i++)
                {
                    double frequency = Math.Pow(10_000, -i / ((Width / 4) - 1.0));
                    double[] expected = [Math.Sin(x * frequency), Math.Cos(x * frequency), Math.Sin(y * frequency), Math.Cos(y * frequency)];
                    for (int part = 0; part < 4; part++)
                    {
                        Assert.AreEqual(expected[part], table[(y * Columns) + x, (part * Width / 4) + i].item<float>(), 1e-6);
                    }
                }
            }
        }
    }

    [TestMethod]
    public void AWidthThatIsNoMultipleOfFourIsRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => SinCosPositions.Table(2, 6));
    }
}
