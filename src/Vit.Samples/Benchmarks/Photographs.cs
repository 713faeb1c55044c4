using SkiaSharp;

namespace Vit.Samples.Benchmarks;

/// <summary>Files of 500 x 375 pixels, as the photographs of ImageNet are: cut from others, or drawn where there are none.</summary>
internal static class Photographs
{
    private const int Width = 500;
    private const int Height = 375;
    private const int Quality = 90;

    /// <summary>Writes them as JPEG and gives their paths.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="from">Photographs that they are made from, one after the other; empty for drawing them.</param>
    public static IReadOnlyList<string> Write(string folder, int count, IReadOnlyList<string> from)
    {
        var paths = new List<string>();
        for (int i = 0; i < count; i++)
        {
            using var picture = new SKBitmap(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
            using (var canvas = new SKCanvas(picture))
            {
                if (from.Count == 0)
                {
                    Draw(canvas, i);
                }
                else
                {
                    Cut(canvas, from[i % from.Count]);
                }
            }
            string path = Path.Combine(folder, $"{i:0000}.jpg");
            using FileStream file = File.Create(path);
            picture.Encode(file, SKEncodedImageFormat.Jpeg, Quality);
            paths.Add(path);
        }
        return paths;
    }

    /// <summary>The middle of a photograph, as large as fits.</summary>
    private static void Cut(SKCanvas canvas, string path)
    {
        using SKBitmap photograph = SKBitmap.Decode(path);
        using SKImage image = SKImage.FromBitmap(photograph);
        float scale = Math.Min((float)photograph.Width / Width, (float)photograph.Height / Height);
        var middle = SKRect.Create((photograph.Width - (Width * scale)) / 2, (photograph.Height - (Height * scale)) / 2, Width * scale, Height * scale);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };
        canvas.DrawImage(image, middle, SKRect.Create(Width, Height), paint);
    }

    /// <summary>Clouds of colour with fine detail, some darker shapes before them.</summary>
    private static void Draw(SKCanvas canvas, int seed)
    {
        canvas.Clear(SKColors.Gray);
        using (SKShader clouds = SKShader.CreatePerlinNoiseFractalNoise(0.008f, 0.008f, 7, seed))
        using (var paint = new SKPaint { Shader = clouds })
        {
            canvas.DrawPaint(paint);
        }
        var random = new Random(seed);
        using var shapes = new SKPaint { IsAntialias = true };
        for (int i = 0; i < 12; i++)
        {
            shapes.Color = new SKColor((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256), 90);
            canvas.DrawOval(random.Next(Width), random.Next(Height), random.Next(20, 120), random.Next(20, 90), shapes);
        }
    }
}
