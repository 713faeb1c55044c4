using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Pillow's ImageEnhance.Sharpness: from a blurred image (factor 0) to the image (1) and beyond. The blur is the mean of the 3 x 3 pixels around, the middle one counted
/// five times; it leaves the border as it is.
/// </summary>
internal static class Sharpening
{
    /// <summary>Writes the spare pixels and swaps.</summary>
    public static void Apply(ref PixelCanvas canvas, float factor)
    {
        (int height, int width) = canvas.Size;
        ReadOnlySpan<byte> from = canvas.Pixels;
        Span<byte> to = canvas.Spare;
        for (int row = 0; row < canvas.Channels * height; row++)
        {
            int y = row % height;
            ReadOnlySpan<byte> middle = from.Slice(row * width, width);
            Span<byte> target = to.Slice(row * width, width);
            if (y == 0 || y == height - 1 || width < 3)
            {
                middle.CopyTo(target);
                continue;
            }
            Row(from.Slice((row - 1) * width, width), middle, from.Slice((row + 1) * width, width), target, factor);
            target[0] = middle[0];
            target[^1] = middle[^1];
        }
        canvas.Swap();
    }

    /// <summary>All pixels of a row but the first and the last.</summary>
    private static void Row(ReadOnlySpan<byte> above, ReadOnlySpan<byte> middle, ReadOnlySpan<byte> below, Span<byte> target, float factor)
    {
        int lanes = Vector<byte>.Count;
        if (middle.Length < lanes + 2)
        {
            for (int x = 1; x < middle.Length - 1; x++)
            {
                int sum = above[x - 1] + above[x] + above[x + 1] + middle[x - 1] + 5 * middle[x] + middle[x + 1] + below[x - 1] + below[x] + below[x + 1];
                // sum / 13, rounded: no sum lies halfway.
                target[x] = ToneTable.Blended((2 * sum + 13) / 26, middle[x], factor);
            }
            return;
        }
        for (int x = 1; x < middle.Length - 1; x += lanes)
        {
            // The last vector ends where the row does, over values that are there already.
            int at = Math.Min(x, middle.Length - 1 - lanes);
            Vector<ushort> low = Vector<ushort>.Zero, high = Vector<ushort>.Zero;
            AddThree(above[(at - 1)..], ref low, ref high);
            AddThree(middle[(at - 1)..], ref low, ref high);
            AddThree(below[(at - 1)..], ref low, ref high);
            ByteQuarters here = ByteQuarters.Of(middle[at..]), around = ByteQuarters.Of(low, high);
            here.First = Changed(around.First, here.First, factor);
            here.Second = Changed(around.Second, here.Second, factor);
            here.Third = Changed(around.Third, here.Third, factor);
            here.Fourth = Changed(around.Fourth, here.Fourth, factor);
            here.CopyTo(target[at..]);
        }
    }

    /// <summary>Adds a vector of pixels of a row and those to the left and to the right of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddThree(ReadOnlySpan<byte> row, ref Vector<ushort> low, ref Vector<ushort> high)
    {
        for (int shift = 0; shift < 3; shift++)
        {
            Vector.Widen(new Vector<byte>(row[shift..]), out Vector<ushort> first, out Vector<ushort> second);
            low += first;
            high += second;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Changed(Vector<int> around, Vector<int> here, float factor)
    {
        // sum / 13, rounded, as above: for these numbers, dividing by 26 is the same as multiplying by 40330 / 2^20.
        Vector<int> sum = around + here * 4;
        Vector<int> blurred = Vector.ShiftRightArithmetic((sum * 2 + new Vector<int>(13)) * 40330, 20);
        return ToneTable.Blended(blurred, here, factor);
    }
}
