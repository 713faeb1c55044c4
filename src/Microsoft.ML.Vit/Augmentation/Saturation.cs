using System.Numerics;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>Pillow's ImageEnhance.Color: from grey (factor 0) to the image (1) and beyond. Images of other than three channels have no colour and stay.</summary>
internal readonly struct Saturation : IColorChange
{
    private readonly float _factor;

    private Saturation(float factor)
    {
        _factor = factor;
    }

    /// <summary>Changes the image in place.</summary>
    public static void Apply(ref PixelCanvas canvas, float factor) => ColorPlanes.Change(ref canvas, new Saturation(factor));

    /// <inheritdoc/>
    public void Change(ref Vector<int> red, ref Vector<int> green, ref Vector<int> blue)
    {
        Vector<int> grey = Luma.Of(red, green, blue);
        red = ToneTable.Blended(grey, red, _factor);
        green = ToneTable.Blended(grey, green, _factor);
        blue = ToneTable.Blended(grey, blue, _factor);
    }
}
