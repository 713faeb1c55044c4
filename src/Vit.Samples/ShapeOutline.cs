using SkiaSharp;

namespace Vit.Samples;

/// <summary>The outlines of the shapes, about the origin, reaching about one unit from it.</summary>
internal static class ShapeOutline
{
    /// <summary>The outline of one of <see cref="ShapeImages.Classes"/>.</summary>
    public static SKPath Of(string name)
    {
        var path = new SKPath { FillType = SKPathFillType.EvenOdd };
        switch (name)
        {
            case "circle":
                path.AddCircle(0, 0, 0.9f);
                break;
            case "ring":
                path.AddCircle(0, 0, 1);
                path.AddCircle(0, 0, 0.55f);
                break;
            case "square":
                path.AddRect(new SKRect(-0.8f, -0.8f, 0.8f, 0.8f));
                break;
            case "triangle":
                path.AddPoly([new(0, -1.1f), new(1, 0.75f), new(-1, 0.75f)]);
                break;
            case "star":
                path.AddPoly([.. Enumerable.Range(0, 10).Select(i => Polar(i % 2 == 0 ? 1.15f : 0.45f, i * 36))]);
                break;
            case "cross":
                path.AddRect(new SKRect(-1.05f, -0.3f, 1.05f, 0.3f));
                path.FillType = SKPathFillType.Winding;
                path.AddRect(new SKRect(-0.3f, -1.05f, 0.3f, 1.05f));
                break;
            case "crescent":
                path.AddCircle(0, 0, 1.05f);
                using (var bite = new SKPath())
                {
                    bite.AddCircle(0.55f, 0, 0.85f);
                    path.Op(bite, SKPathOp.Difference, path);
                }
                break;
            case "heart":
                path.MoveTo(0, 1);
                path.CubicTo(-1.8f, -0.2f, -0.8f, -1.5f, 0, -0.5f);
                path.CubicTo(0.8f, -1.5f, 1.8f, -0.2f, 0, 1);
                break;
            case "arrow":
                path.AddPoly([new(0, -1.1f), new(0.9f, 0), new(0.3f, 0), new(0.3f, 1.1f), new(-0.3f, 1.1f), new(-0.3f, 0), new(-0.9f, 0)]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "Not a shape.");
        }
        return path;
    }

    private static SKPoint Polar(float radius, float degrees)
    {
        (float sin, float cos) = MathF.SinCos(degrees * MathF.PI / 180);
        return new SKPoint(radius * sin, -radius * cos);
    }
}
