using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Turns the colours around the colour wheel, as torchvision's adjust_hue does on tensors: hue, saturation and value, the hue shifted, and back; rounded to the nearest byte.
/// Images of other than three channels have no hue and stay.
/// </summary>
internal readonly struct HueRotation : IColorChange
{
    private readonly float _sixths;

    private HueRotation(float sixths)
    {
        _sixths = sixths;
    }

    /// <summary>Changes the image in place.</summary>
    /// <param name="canvas">The image.</param>
    /// <param name="turn">In turns of the wheel, -0.5 to 0.5.</param>
    public static void Apply(ref PixelCanvas canvas, float turn) => ColorPlanes.Change(ref canvas, new HueRotation(6 * turn));

    /// <inheritdoc/>
    public void Change(ref Vector<int> red, ref Vector<int> green, ref Vector<int> blue)
    {
        Vector<int> most = Vector.Max(red, Vector.Max(green, blue));
        Vector<int> least = Vector.Min(red, Vector.Min(green, blue));
        Vector<float> chroma = Vector.ConvertToSingle(most - least);
        // The place on the wheel in sixths: red 0, green 2, blue 4. Grey, of chroma 0, has any.
        Vector<int> isRed = Vector.Equals(most, red), isGreen = Vector.Equals(most, green);
        Vector<int> beside = Vector.ConditionalSelect(isRed, green - blue, Vector.ConditionalSelect(isGreen, blue - red, red - green));
        Vector<int> middle = Vector.ConditionalSelect(isRed, Vector<int>.Zero, Vector.ConditionalSelect(isGreen, new Vector<int>(2), new Vector<int>(4)));
        Vector<float> hue = Vector.ConvertToSingle(middle) + Vector.ConvertToSingle(beside) / Vector.Max(chroma, Vector<float>.One) + new Vector<float>(_sixths);
        var six = new Vector<float>(6);
        hue = Vector.ConditionalSelect(Vector.LessThan(hue, Vector<float>.Zero), hue + six, hue);
        // A sum just below 0 rounds up to 6.
        hue = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(hue, six), hue - six, hue);
        Vector<int> sector = Vector.ConvertToInt32Native(hue);
        Vector<float> moved = chroma * (hue - Vector.ConvertToSingle(sector));
        var half = new Vector<float>(0.5f);
        Vector<int> falling = Vector.ConvertToInt32Native(Vector.ConvertToSingle(most) - moved + half);
        Vector<int> rising = Vector.ConvertToInt32Native(Vector.ConvertToSingle(least) + moved + half);
        // Green goes around as red does, a third of a turn later, and blue two thirds later.
        red = Course(sector, most, falling, least, rising);
        green = Course(Wrapped(sector + new Vector<int>(4)), most, falling, least, rising);
        blue = Course(Wrapped(sector + new Vector<int>(2)), most, falling, least, rising);
    }

    private static Vector<int> Wrapped(Vector<int> sector) => Vector.ConditionalSelect(Vector.GreaterThan(sector, new Vector<int>(5)), sector - new Vector<int>(6), sector);

    /// <summary>Red in each sixth of the wheel: high, falling, low, low, rising, high.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Course(Vector<int> sector, Vector<int> high, Vector<int> falling, Vector<int> low, Vector<int> rising)
    {
        Vector<int> isLow = Vector.Equals(sector & new Vector<int>(6), new Vector<int>(2)); // 2 or 3
        return Vector.ConditionalSelect(Vector.Equals(sector, Vector<int>.One), falling,
            Vector.ConditionalSelect(Vector.Equals(sector, new Vector<int>(4)), rising,
                Vector.ConditionalSelect(isLow, low, high)));
    }
}
