using Microsoft.ML.Vit.Augmentation;

namespace Microsoft.ML.Vit;

/// <summary>
/// Does one operation to each image, both it and its strength drawn uniformly: nothing to tune (Müller and Hutter 2021, arXiv 2103.10158; the wide space as torchvision's TrivialAugmentWide).
/// One of identity, shear (to 0.99), translate (to 32 pixels, whatever the image's size), rotate (to 135 degrees), brightness, colour, contrast and sharpness (factors 0.01 to 1.99),
/// posterize (8 to 2 bits), solarize, auto-contrast and equalize, at one of 31 strengths. The operations are Pillow's; pixels are moved to the nearest place, and what comes in is black.
/// </summary>
/// <remarks>
/// Bytes are worked on as they are; floats at 256 levels of the image's own range, whose ends stand for black and white. Images of other than three channels are taken for grey planes,
/// which colour leaves alone.
/// </remarks>
public sealed record TrivialAugment : VitAugmentation
{
    private const int Strengths = 31;

    private static ReadOnlySpan<PixelOperation> Operations =>
    [
        PixelOperation.Identity, PixelOperation.ShearX, PixelOperation.ShearY, PixelOperation.TranslateX, PixelOperation.TranslateY, PixelOperation.Rotate, PixelOperation.Brightness,
        PixelOperation.Color, PixelOperation.Contrast, PixelOperation.Sharpness, PixelOperation.Posterize, PixelOperation.Solarize, PixelOperation.AutoContrast, PixelOperation.Equalize,
    ];

    internal override IEnumerable<string> Problems(PixelSize size) => [];

    internal override void Apply<T>(ReadOnlySpan<T> source, Span<T> target, int channels, PixelSize size, Random random)
    {
        (PixelOperation operation, double argument) = Draw(random);
        if (operation == PixelOperation.Identity)
        {
            source.CopyTo(target);
            return;
        }
        PixelCanvas canvas = PixelCanvas.Open(source, channels, size);
        PixelOperations.Apply(ref canvas, operation, argument, Interpolation.Nearest, [0]);
        canvas.CloseTo(target);
    }

    /// <summary>An operation and its argument, see <see cref="PixelOperations"/>.</summary>
    internal static (PixelOperation Operation, double Argument) Draw(Random random)
    {
        PixelOperation operation = Operations[random.Next(Operations.Length)];
        double strength = random.Next(Strengths) / (Strengths - 1.0);
        int sign = random.Next(2) == 0 ? 1 : -1;
        return (operation, operation switch
        {
            PixelOperation.ShearX or PixelOperation.ShearY => sign * 0.99 * strength,
            PixelOperation.TranslateX or PixelOperation.TranslateY => sign * Math.Truncate(32 * strength),
            PixelOperation.Rotate => sign * 135 * strength,
            PixelOperation.Brightness or PixelOperation.Color or PixelOperation.Contrast or PixelOperation.Sharpness => 1 + sign * 0.99 * strength,
            PixelOperation.Posterize => 8 - Math.Round(6 * strength),
            PixelOperation.Solarize => 255 * (1 - strength),
            _ => 0,
        });
    }
}
