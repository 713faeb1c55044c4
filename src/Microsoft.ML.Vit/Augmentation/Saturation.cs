namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Pillow's ImageEnhance.Color: from grey (factor 0) to the image (1) and beyond. Images of other than three channels have no colour and stay.</summary>
internal static class Saturation
{
    /// <summary>Changes the image in place.</summary>
    public static void Apply(ref PixelCanvas canvas, float factor)
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
            int grey = Luma.Of(red[i], green[i], blue[i]);
            red[i] = ToneTable.Blended(grey, red[i], factor);
            green[i] = ToneTable.Blended(grey, green[i], factor);
            blue[i] = ToneTable.Blended(grey, blue[i], factor);
        }
    }
}
