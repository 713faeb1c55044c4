namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Turns the colours around the colour wheel, as torchvision's adjust_hue does on tensors: hue, saturation and value, the hue shifted, and back; rounded to the nearest byte.
/// Images of other than three channels have no hue and stay.
/// </summary>
internal static class HueRotation
{
    /// <summary>Changes the image in place.</summary>
    /// <param name="canvas">The image.</param>
    /// <param name="turn">In turns of the wheel, -0.5 to 0.5.</param>
    public static void Apply(ref PixelCanvas canvas, float turn)
    {
        if (canvas.Channels != 3)
        {
            return;
        }
        Span<byte> red = canvas.Pixels[..canvas.Area];
        Span<byte> green = canvas.Pixels.Slice(canvas.Area, canvas.Area);
        Span<byte> blue = canvas.Pixels.Slice(2 * canvas.Area, canvas.Area);
        for (int i = 0; i < red.Length; i++)
        {
            (red[i], green[i], blue[i]) = Turned(red[i], green[i], blue[i], 6 * turn);
        }
    }

    private static (byte Red, byte Green, byte Blue) Turned(int red, int green, int blue, float sixths)
    {
        int most = Math.Max(red, Math.Max(green, blue));
        int least = Math.Min(red, Math.Min(green, blue));
        float chroma = most - least;
        if (chroma == 0)
        {
            return ((byte)red, (byte)green, (byte)blue);
        }
        // The place on the wheel in sixths: red 0, green 2, blue 4.
        float hue = most == red ? (green - blue) / chroma : most == green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
        hue += sixths;
        hue = hue < 0 ? hue + 6 : hue;
        // A sum just below 0 rounds up to 6.
        hue = hue >= 6 ? hue - 6 : hue;
        int sector = (int)hue;
        float into = hue - sector;
        byte high = (byte)most;
        byte low = (byte)least;
        byte falling = (byte)(most - chroma * into + 0.5f);
        byte rising = (byte)(least + chroma * into + 0.5f);
        return sector switch
        {
            0 => (high, rising, low),
            1 => (falling, high, low),
            2 => (low, high, rising),
            3 => (low, falling, high),
            4 => (rising, low, high),
            _ => (high, low, falling),
        };
    }
}
