using SkiaSharp;

namespace Microsoft.ML.Vit.Tests;

/// <summary>Small sets of images that a tiny network learns in seconds: one colour a class, with noise, drawn from a seed.</summary>
internal static class TestImages
{
    /// <summary>The classes' names and colours.</summary>
    public static readonly (string Name, byte Red, byte Green, byte Blue)[] Classes = [("red", 200, 40, 40), ("green", 40, 200, 40), ("blue", 40, 40, 200)];

    /// <summary>A network of some thousand parameters for 16-pixel images.</summary>
    public static VitConfig TinyModel { get; } = new() { ImageSize = 16, PatchSize = 8, Width = 16, Depth = 1, Heads = 2, HasClassToken = false, Pooling = VitPooling.Mean };

    /// <summary>Options that train the tiny network in about a second.</summary>
    public static VitOptions TinyOptions { get; } = new() { Model = TinyModel, Epochs = 4, BatchSize = 8, Seed = 1, Device = "cpu" };

    /// <summary>Rows of a label and channels x height x width floats from 0 to 255.</summary>
    public static IEnumerable<PixelRow> Pixels(int count, int side = 16, int seed = 1)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            (string name, byte red, byte green, byte blue) = Classes[i % Classes.Length];
            float[] pixels = new float[3 * side * side];
            for (int p = 0; p < pixels.Length; p++)
            {
                byte level = (p / (side * side)) switch { 0 => red, 1 => green, _ => blue };
                pixels[p] = Math.Clamp(level + random.Next(-40, 41), 0, 255);
            }
            yield return new PixelRow { Label = name, Features = pixels, Number = i };
        }
    }

    /// <summary>Writes PNG files, a folder for each class, and gives the folder back.</summary>
    public static string WriteFolder(string folder, int perClass, int side = 16, int seed = 1)
    {
        int index = 0;
        foreach (PixelRow row in Pixels(perClass * Classes.Length, side, seed))
        {
            string classFolder = Directory.CreateDirectory(Path.Combine(folder, row.Label)).FullName;
            File.WriteAllBytes(Path.Combine(classFolder, $"{index++:D4}.png"), Png(row.Features, side));
        }
        return folder;
    }

    /// <summary>The floats as a PNG file.</summary>
    public static byte[] Png(float[] pixels, int side)
    {
        using var bitmap = new SKBitmap(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        int plane = side * side;
        for (int i = 0; i < plane; i++)
        {
            bitmap.SetPixel(i % side, i / side, new SKColor((byte)pixels[i], (byte)pixels[plane + i], (byte)pixels[(2 * plane) + i]));
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
