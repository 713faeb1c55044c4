using System.Globalization;
using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit;

/// <summary>
/// Does a few operations, drawn from fifteen with replacement, to an image (Cubuk et al. 2019, arXiv 1909.13719), in timm's manner; the defaults are timm's rand-m9-mstd0.5-inc1.
/// The operations are Pillow's: auto-contrast, equalize, invert, rotate (to 30 degrees), posterize, solarize, solarize-add, colour, contrast, brightness, sharpness, shear (to 0.3) and
/// translate (to 0.45 of the side), each at the image's own size. Rotating, shearing and translating draw bilinear or bicubic interpolation, and fill with ImageNet's mean colour (124, 116, 104),
/// as timm does.
/// </summary>
/// <remarks>
/// Bytes are worked on as they are; floats at 256 levels of the image's own range, whose ends stand for black and white. Images of other than three channels are taken for grey planes:
/// colour leaves them alone, and the fill is 117.
/// </remarks>
/// <param name="Magnitude">How strong the operations are, 0 to 10. Default 9.</param>
/// <param name="MagnitudeStd">The standard deviation of the magnitude, drawn anew for each operation and held within 0 to 10; 0 for none. Default 0.5.</param>
/// <param name="Operations">Operations drawn for each image, at least 1. Default 2.</param>
/// <param name="Probability">How likely an operation drawn is done, 0 to 1. Default 0.5.</param>
/// <param name="Increasing">Whether more magnitude is more change for every operation (timm's inc1). If not, posterize and solarize change less with it, and the factors
/// of colour, contrast, brightness and sharpness go from 0.1 over 1 (no change) to 1.9. Default true.</param>
public sealed record RandAugment(double Magnitude = 9, double MagnitudeStd = 0.5, int Operations = 2, double Probability = 0.5, bool Increasing = true) : VitAugmentation
{
    internal override IEnumerable<string> Problems(PixelSize size)
    {
        if (!(Magnitude >= 0 && Magnitude <= RandAugmentLevels.Full))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandAugment.Magnitude is {Magnitude}; expected 0 to 10.");
        }
        if (!(MagnitudeStd >= 0 && double.IsFinite(MagnitudeStd)))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandAugment.MagnitudeStd is {MagnitudeStd}; expected at least 0.");
        }
        if (Operations < 1)
        {
            yield return $"RandAugment.Operations is {Operations}; expected at least 1.";
        }
        if (!(Probability >= 0 && Probability <= 1))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"RandAugment.Probability is {Probability}; expected 0 to 1.");
        }
    }

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        ReadOnlySpan<byte> fill = channels == 3 ? [124, 116, 104] : [117];
        PixelCanvas canvas = default;
        for (int i = 0; i < Operations; i++)
        {
            if (Draw(size, random) is not { } drawn)
            {
                continue;
            }
            if (!canvas.IsOpen)
            {
                canvas = PixelCanvas.Open(source, channels, size);
            }
            PixelOperations.Apply(ref canvas, drawn.Operation, drawn.Argument, random.Next(2) == 0 ? Interpolation.Bilinear : Interpolation.Bicubic, fill);
        }
        if (canvas.IsOpen)
        {
            canvas.CloseTo(target);
        }
        else
        {
            source.CopyTo(target);
        }
    }

    /// <summary>An operation and its argument; null where chance leaves it undone.</summary>
    internal (PixelOperation Operation, double Argument)? Draw(PixelSize size, Random random)
    {
        PixelOperation operation = RandAugmentLevels.Operations[random.Next(RandAugmentLevels.Operations.Length)];
        if (random.NextDouble() >= Probability)
        {
            return null;
        }
        double magnitude = MagnitudeStd == 0 ? Magnitude : Math.Clamp(Magnitude + MagnitudeStd * NormalNumbers.Next(random), 0, RandAugmentLevels.Full);
        return (operation, RandAugmentLevels.Argument(operation, magnitude, Increasing, size, random));
    }
}
