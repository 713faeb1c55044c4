using System.Globalization;
using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit;

/// <summary>
/// Changes brightness, contrast, saturation and hue by random amounts in a random order, as torchvision's ColorJitter does; the defaults are timm's. The first three are Pillow's enhancements by a
/// factor drawn uniformly from 1 - amount (at least 0) to 1 + amount; the hue is turned by up to its amount either way.
/// </summary>
/// <remarks>
/// Bytes are worked on as they are; floats at 256 levels of the image's own range, whose ends stand for black and white. Images of other than three channels have neither saturation nor hue:
/// only the others change them.
/// </remarks>
/// <param name="Brightness">At least 0; 0 leaves it. Default 0.4.</param>
/// <param name="Contrast">At least 0; 0 leaves it. Default 0.4.</param>
/// <param name="Saturation">At least 0; 0 leaves it. Default 0.4.</param>
/// <param name="Hue">In turns of the colour wheel, 0 to 0.5; 0 leaves it. Default 0.</param>
public sealed record ColorJitter(double Brightness = 0.4, double Contrast = 0.4, double Saturation = 0.4, double Hue = 0) : VitAugmentation
{
    internal override IEnumerable<string> Problems(PixelSize size)
    {
        foreach ((string name, double amount) in new[] { (nameof(Brightness), Brightness), (nameof(Contrast), Contrast), (nameof(Saturation), Saturation) })
        {
            if (!(amount >= 0 && double.IsFinite(amount)))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"ColorJitter.{name} is {amount}; expected at least 0.");
            }
        }
        if (!(Hue >= 0 && Hue <= 0.5))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"ColorJitter.Hue is {Hue}; expected 0 to 0.5.");
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        PixelCanvas canvas = PixelCanvas.Open(source, channels, size);
        foreach (int part in order)
        {
            // Every part draws, so that none's draw hangs on the amounts of the others.
            double place = random.NextDouble();
            switch (part)
            {
                case 0:
                    Enhance(ref canvas, PixelOperation.Brightness, Brightness, place);
                    break;
                case 1:
                    Enhance(ref canvas, PixelOperation.Contrast, Contrast, place);
                    break;
                case 2:
                    Enhance(ref canvas, PixelOperation.Color, Saturation, place);
                    break;
                default:
                    Turn(ref canvas, place);
                    break;
            }
        }
        canvas.CloseTo(target);
    }

    /// <summary>By the factor at this place, 0 to 1, of its range.</summary>
    private static void Enhance(ref PixelCanvas canvas, PixelOperation operation, double amount, double place)
    {
        if (amount > 0)
        {
            double least = Math.Max(0, 1 - amount);
            PixelOperations.Apply(ref canvas, operation, least + place * (1 + amount - least), Interpolation.Nearest, []);
        }
    }

    private void Turn(ref PixelCanvas canvas, double place)
    {
        if (Hue > 0)
        {
            HueRotation.Apply(ref canvas, (float)(Hue * (2 * place - 1)));
        }
    }
}
