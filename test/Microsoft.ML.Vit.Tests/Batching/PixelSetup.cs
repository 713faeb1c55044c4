using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Batching;
using Microsoft.ML.Vit.Tests.Conformance;

namespace Microsoft.ML.Vit.Tests.Batching;

/// <summary>Rows of 16-pixel images of floats, 3,072 bytes each, in three classes in turn, read into a storage of some budget.</summary>
internal sealed class PixelSetup : IDisposable
{
    /// <summary>Bytes of an image.</summary>
    public const int ImageBytes = 3 * 16 * 16 * sizeof(float);

    private readonly IChannel _channel;

    /// <param name="budget">Images that fit into memory; half of a small budget is left out.</param>
    /// <param name="disk">Null for the system's folder.</param>
    public PixelSetup(long budget, TemporaryDisk? disk = null)
    {
        var ml = new MLContext(1);
        ml.Log += (_, e) => Log.Enqueue($"{e.Kind}: {e.Message}");
        ML = ml;
        _channel = ((IHostEnvironment)ml).Register("test").Start("test");
        Storage = new PixelStorage(_channel, budget * ImageBytes * 2, disk);
    }

    /// <summary>A disk without room.</summary>
    public static TemporaryDisk NoDisk { get; } = new(Path.GetTempPath(), 0);

    public MLContext ML { get; }

    public ConcurrentQueue<string> Log { get; } = [];

    public PixelStorage Storage { get; }

    /// <summary>Images in memory, in a file, and decoded again each time; the pool of the last holds 256.</summary>
    public static IEnumerable<PixelSetup> Places() => [new(1000), new(10), new(0, NoDisk)];

    public LabeledImages Read(int count, string role = "training") => Read(EstimatorConformanceTests.Keyed(ML, count), role);

    public LabeledImages Read(IDataView data, string role = "training", InvalidImageHandling invalid = InvalidImageHandling.Throw)
    {
        TrainingColumns columns = TrainingColumns.Of(ML, data.Schema, "Label", "Features");
        return new LabeledImageReader(_channel, Storage, invalid, CancellationToken.None).Read(columns.Rows(data, columns.PreprocessingFor(16, 3, Interpolation.Bilinear), role));
    }

    /// <summary>The pixels of these images, as one pass gives them.</summary>
    public static byte[][] Pixels(LabeledImages images, int[] order)
    {
        using IPixelPass pass = images.Images.Read(order);
        byte[] buffer = new byte[ImageBytes];
        return [.. order.Select(index => pass.Read(index, buffer).ToArray())];
    }

    public void Dispose()
    {
        Storage.Dispose();
        _channel.Dispose();
    }
}
