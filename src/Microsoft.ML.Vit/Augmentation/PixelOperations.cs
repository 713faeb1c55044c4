namespace Microsoft.ML.Vit.Augmentation;

/// <summary>
/// Does one operation to an image. The argument is, as Pillow takes it: Rotate degrees counter-clockwise; Posterize bits kept, 0 to 8; Solarize the threshold; SolarizeAdd what is added;
/// Color, Contrast, Brightness and Sharpness a factor, 1 for no change; ShearX and ShearY pixels per pixel; TranslateX and TranslateY pixels.
/// </summary>
internal static class PixelOperations
{
    /// <summary>Changes the image.</summary>
    /// <param name="canvas">The image.</param>
    /// <param name="operation">What is done.</param>
    /// <param name="argument">How much; without meaning for the operations that take none.</param>
    /// <param name="interpolation">For those that move pixels.</param>
    /// <param name="fill">What comes in from outside the image: one value for each channel, or one for all.</param>
    public static void Apply(ref PixelCanvas canvas, PixelOperation operation, double argument, Interpolation interpolation, ReadOnlySpan<byte> fill)
    {
        switch (operation)
        {
            case PixelOperation.Identity:
                break;
            case PixelOperation.Color:
                Saturation.Apply(ref canvas, (float)argument);
                break;
            case PixelOperation.Sharpness:
                Sharpening.Apply(ref canvas, (float)argument);
                break;
            case PixelOperation.Rotate or PixelOperation.ShearX or PixelOperation.ShearY or PixelOperation.TranslateX or PixelOperation.TranslateY:
                AffineWarp.Apply(ref canvas, Map(operation, argument, canvas.Size), interpolation, fill);
                break;
            case PixelOperation.AutoContrast or PixelOperation.Equalize:
                ChangePlaneTones(ref canvas, operation);
                break;
            default:
                ChangeTones(ref canvas, operation, argument);
                break;
        }
    }

    private static AffineMap Map(PixelOperation operation, double argument, PixelSize size) => operation switch
    {
        PixelOperation.Rotate => AffineMap.Rotation(argument, size),
        PixelOperation.ShearX => AffineMap.ShearX(argument),
        PixelOperation.ShearY => AffineMap.ShearY(argument),
        PixelOperation.TranslateX => AffineMap.Translation(argument, 0),
        _ => AffineMap.Translation(0, argument),
    };

    private static void ChangePlaneTones(ref PixelCanvas canvas, PixelOperation operation)
    {
        Span<byte> table = stackalloc byte[ToneTable.Length];
        for (int c = 0; c < canvas.Channels; c++)
        {
            Span<byte> plane = canvas.Pixels.Slice(c * canvas.Area, canvas.Area);
            if (operation == PixelOperation.AutoContrast)
            {
                ToneTable.AutoContrast(plane, table);
            }
            else
            {
                ToneTable.Equalize(plane, table);
            }
            ToneTable.Apply(plane, table);
        }
    }

    private static void ChangeTones(ref PixelCanvas canvas, PixelOperation operation, double argument)
    {
        Span<byte> table = stackalloc byte[ToneTable.Length];
        switch (operation)
        {
            case PixelOperation.Invert:
                ToneTable.Invert(table);
                break;
            case PixelOperation.Posterize:
                ToneTable.Posterize((int)argument, table);
                break;
            case PixelOperation.Solarize:
                ToneTable.Solarize(argument, table);
                break;
            case PixelOperation.SolarizeAdd:
                ToneTable.SolarizeAdd((int)argument, table);
                break;
            case PixelOperation.Contrast:
                ToneTable.Blend(Luma.Mean(canvas), (float)argument, table);
                break;
            case PixelOperation.Brightness:
                ToneTable.Blend(0, (float)argument, table);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation, null);
        }
        ToneTable.Apply(canvas.Pixels, table);
    }
}
