using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vit;

namespace Vit.Samples.Benchmarks;

/// <summary>Images of noise in the network's own size, as ResizeImages leaves them in memory: nothing is left to do but to score them.</summary>
internal sealed class RandomImages : IDisposable
{
    private readonly MLContext ml;
    private readonly Row[] rows;

    public RandomImages(MLContext ml, VitConfig model, int count)
    {
        this.ml = ml;
        var random = new Random(1);
        byte[] pixels = new byte[model.ImageSize.Height * model.ImageSize.Width * 4];
        rows = [.. Enumerable.Range(0, count).Select(i =>
        {
            random.NextBytes(pixels);
            for (int alpha = 3; alpha < pixels.Length; alpha += 4)
            {
                pixels[alpha] = 255;
            }
            return new Row { Label = (uint)(1 + (i % RandomPixels.Classes)), Features = MLImage.CreateFromPixels(model.ImageSize.Width, model.ImageSize.Height, MLPixelFormat.Bgra32, pixels) };
        })];
    }

    /// <summary>The first row.</summary>
    public Row First => rows[0];

    /// <summary>The first rows: a key "Label" and the image "Features".</summary>
    public IDataView Take(int count) => ml.Data.LoadFromEnumerable(rows.Take(count).ToArray());

    public void Dispose() => Array.ForEach(rows, row => row.Features?.Dispose());

    internal sealed class Row
    {
        [KeyType(RandomPixels.Classes)]
        public uint Label { get; set; }

        // ML.NET wants a size here and holds no image to it.
        [ImageType(224, 224)]
        public MLImage? Features { get; set; }
    }
}
