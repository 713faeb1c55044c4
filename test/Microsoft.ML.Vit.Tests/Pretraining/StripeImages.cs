using Microsoft.ML.Vit.Batching;

namespace Microsoft.ML.Vit.Tests.Pretraining;

/// <summary>Grey images of stripes, upright or lying, so that a few patches tell what the others look like.</summary>
internal sealed class StripeImages : IPixelSource, IPixelPass
{
    private readonly byte[][] _images;

    public StripeImages(int side, int count)
    {
        Shape = new ImageShape(1, side, IsFloat: false);
        var random = new Random(1);
        _images = new byte[count][];
        for (int image = 0; image < count; image++)
        {
            int phase = random.Next(4);
            bool upright = random.Next(2) == 0;
            _images[image] = [.. Enumerable.Range(0, side * side).Select(i => (byte)(((upright ? i % side : i / side) + phase) / 2 % 2 == 0 ? 40 : 200))];
        }
    }

    public ImageShape Shape { get; }

    public int? Window => null;

    /// <summary>All of them, of one class.</summary>
    public static ImageSubset Of(int side, int count, int label) => ImageSubset.All(new LabeledImages(new StripeImages(side, count), [.. Enumerable.Repeat(label, count)]));

    public IPixelPass Read(ReadOnlySpan<int> order) => this;

    public ReadOnlySpan<byte> Read(int index, Span<byte> buffer) => _images[index];

    public void Dispose()
    {
    }
}
