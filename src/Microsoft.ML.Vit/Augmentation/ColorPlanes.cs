using System.Numerics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Changes the colours of whole images, vectors of pixels at once.</summary>
internal static class ColorPlanes
{
    /// <summary>Changes the image in place. One of other than three channels has no colours and stays.</summary>
    public static void Change<T>(ref PixelCanvas canvas, in T change)
        where T : struct, IColorChange
    {
        if (canvas.Channels != 3)
        {
            return;
        }
        Span<byte> red = canvas.Pixels[..canvas.Area];
        Span<byte> green = canvas.Pixels.Slice(canvas.Area, canvas.Area);
        Span<byte> blue = canvas.Pixels.Slice(2 * canvas.Area, canvas.Area);
        int lanes = Vector<byte>.Count;
        int whole = red.Length - red.Length % lanes;
        for (int x = 0; x < whole; x += lanes)
        {
            ChangeVector(red.Slice(x, lanes), green.Slice(x, lanes), blue.Slice(x, lanes), change);
        }
        if (whole < red.Length)
        {
            // The last pixels in vectors of their own.
            Span<byte> rest = stackalloc byte[3 * lanes];
            rest.Clear();
            red[whole..].CopyTo(rest);
            green[whole..].CopyTo(rest[lanes..]);
            blue[whole..].CopyTo(rest[(2 * lanes)..]);
            ChangeVector(rest[..lanes], rest.Slice(lanes, lanes), rest[(2 * lanes)..], change);
            int count = red.Length - whole;
            rest[..count].CopyTo(red[whole..]);
            rest.Slice(lanes, count).CopyTo(green[whole..]);
            rest.Slice(2 * lanes, count).CopyTo(blue[whole..]);
        }
    }

    private static void ChangeVector<T>(Span<byte> red, Span<byte> green, Span<byte> blue, in T change)
        where T : struct, IColorChange
    {
        ByteQuarters reds = ByteQuarters.Of(red), greens = ByteQuarters.Of(green), blues = ByteQuarters.Of(blue);
        change.Change(ref reds.First, ref greens.First, ref blues.First);
        change.Change(ref reds.Second, ref greens.Second, ref blues.Second);
        change.Change(ref reds.Third, ref greens.Third, ref blues.Third);
        change.Change(ref reds.Fourth, ref greens.Fourth, ref blues.Fourth);
        reds.CopyTo(red);
        greens.CopyTo(green);
        blues.CopyTo(blue);
    }
}
