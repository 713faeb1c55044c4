namespace Microsoft.ML.Vit.Augmentation;

/// <summary>What a magnitude of 0 to 10 means for each of RandAugment's operations, as timm has it; see <see cref="PixelOperations"/> for the arguments.</summary>
internal static class RandAugmentLevels
{
    /// <summary>The magnitude that stands for an operation's full strength.</summary>
    public const double Full = 10;

    /// <summary>Shifts reach this share of the side at full strength.</summary>
    private const double MostShift = 0.45;

    /// <summary>The operations, all equally likely.</summary>
    public static ReadOnlySpan<PixelOperation> Operations =>
    [
        PixelOperation.AutoContrast, PixelOperation.Equalize, PixelOperation.Invert, PixelOperation.Rotate, PixelOperation.Posterize, PixelOperation.Solarize,
        PixelOperation.SolarizeAdd, PixelOperation.Color, PixelOperation.Contrast, PixelOperation.Brightness, PixelOperation.Sharpness,
        PixelOperation.ShearX, PixelOperation.ShearY, PixelOperation.TranslateX, PixelOperation.TranslateY,
    ];

    /// <summary>The operation's argument.</summary>
    /// <param name="operation">Of the list.</param>
    /// <param name="magnitude">0 to 10.</param>
    /// <param name="increasing">Whether more magnitude is more change for every operation; else Posterize and Solarize change less with it, and enhancing goes from 0.1 to 1.9.</param>
    /// <param name="size">Of the image.</param>
    /// <param name="random">Says which way, half the time each, for operations that have two.</param>
    public static double Argument(PixelOperation operation, double magnitude, bool increasing, PixelSize size, Random random)
    {
        double level = magnitude / Full;
        switch (operation)
        {
            case PixelOperation.Rotate:
                return EitherWay(level * 30, random);
            case PixelOperation.Posterize:
                int bits = (int)(level * 4);
                return increasing ? 4 - bits : bits;
            case PixelOperation.Solarize:
                int threshold = (int)(level * 256);
                return increasing ? 256 - threshold : threshold;
            case PixelOperation.SolarizeAdd:
                return (int)(level * 110);
            case PixelOperation.Color or PixelOperation.Contrast or PixelOperation.Brightness or PixelOperation.Sharpness:
                return increasing ? 1 + EitherWay(level * 0.9, random) : level * 1.8 + 0.1;
            case PixelOperation.ShearX or PixelOperation.ShearY:
                return EitherWay(level * 0.3, random);
            case PixelOperation.TranslateX:
                return EitherWay(level * MostShift, random) * size.Width;
            case PixelOperation.TranslateY:
                return EitherWay(level * MostShift, random) * size.Height;
            default:
                return 0;
        }
    }

    private static double EitherWay(double value, Random random) => random.Next(2) == 0 ? value : -value;
}
