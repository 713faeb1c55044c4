using SkiaSharp;

namespace Vit.Samples;

/// <summary>
/// Draws an image set to learn from: one shape per picture, varied in outline, colour, size, rotation and place, among clutter and noise, so that no single
/// pixel tells the class. The same seed gives the same pictures.
/// </summary>
public sealed class ShapeImages(int side, int seed)
{
    /// <summary>The classes, which are the names of the folders.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        ["arrow", "circle", "crescent", "cross", "heart", "ring", "square", "star", "triangle"];

    private readonly Random random = new(seed);

    /// <summary>Writes <c>folder/class/NNNN.png</c>, as many of each class.</summary>
    public void Write(string folder, int perClass, CancellationToken cancellation = default)
    {
        foreach (string name in Classes)
        {
            string target = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
            for (int i = 0; i < perClass; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                WriteOne(Path.Combine(target, $"{i:0000}.png"), name);
            }
        }
    }

    /// <summary>Writes the next picture, of a class, as a PNG file.</summary>
    /// <returns>Which pixels, by row and column, belong to the shape.</returns>
    public bool[,] WriteOne(string path, string name)
    {
        using var mask = new SKBitmap(side, side, SKColorType.Gray8, SKAlphaType.Opaque);
        using SKBitmap picture = Draw(name, mask);
        using FileStream file = File.Create(path);
        picture.Encode(file, SKEncodedImageFormat.Png, 100);
        bool[,] shape = new bool[side, side];
        for (int i = 0; i < side * side; i++)
        {
            shape[i / side, i % side] = mask.GetPixel(i % side, i / side).Red > 127;
        }
        return shape;
    }

    private SKBitmap Draw(string name, SKBitmap mask)
    {
        var bitmap = new SKBitmap(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(bitmap);
        SKColor background = Color(30, 110);
        canvas.Clear(background);
        SKColor fill = Color(160, 240);
        for (int i = random.Next(2, 6); i > 0; i--)
        {
            Clutter(canvas);
        }
        using SKPath path = ShapeOutline.Of(name);
        float scale = side * Between(0.29f, 0.41f);
        float room = side / 2f - scale * 0.9f;
        canvas.Translate(side / 2f + Between(-room, room), side / 2f + Between(-room, room));
        canvas.RotateDegrees(Between(-22, 22));
        canvas.Scale(scale, scale * Between(0.85f, 1.15f));
        using var paint = new SKPaint { Color = fill, IsAntialias = true };
        canvas.DrawPath(path, paint);
        using var maskCanvas = new SKCanvas(mask);
        maskCanvas.Clear(SKColors.Black);
        maskCanvas.SetMatrix(canvas.TotalMatrix);
        paint.Color = SKColors.White;
        maskCanvas.DrawPath(path, paint);
        Noise(bitmap, Between(5, 22));
        return bitmap;
    }

    /// <summary>A thin line or a small blob, too small to be taken for a shape.</summary>
    private void Clutter(SKCanvas canvas)
    {
        using var paint = new SKPaint { Color = Color(), IsAntialias = true, StrokeWidth = side * Between(0.015f, 0.04f) };
        SKPoint at = Anywhere();
        if (random.Next(2) == 0)
        {
            canvas.DrawLine(at, Anywhere(), paint);
        }
        else
        {
            canvas.DrawOval(at.X, at.Y, side * Between(0.02f, 0.07f), side * Between(0.02f, 0.07f), paint);
        }
    }

    private void Noise(SKBitmap bitmap, float strength)
    {
        bitmap.Pixels = [.. bitmap.Pixels.Select(pixel => new SKColor(Noisy(pixel.Red), Noisy(pixel.Green), Noisy(pixel.Blue)))];

        // A triangular distribution: the sum of two uniform ones.
        byte Noisy(byte value) => (byte)Math.Clamp(value + strength * 1.5 * (random.NextDouble() + random.NextDouble() - 1), 0, 255);
    }

    private SKColor Color(double darkest = 0, double brightest = 255)
    {
        SKColor color;
        do
        {
            color = new SKColor((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
        }
        while (Luminance(color) < darkest || Luminance(color) > brightest);
        return color;
    }

    private static double Luminance(SKColor color) => 0.299 * color.Red + 0.587 * color.Green + 0.114 * color.Blue;

    private SKPoint Anywhere() => new(Between(0, side), Between(0, side));

    private float Between(float low, float high) => low + (high - low) * random.NextSingle();
}
