using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Batching;

/// <summary>
/// The last step of <see cref="Preprocessing"/>: raw pixels (B, C, H, W), bytes or floats, to what the network reads. It runs on the network's device,
/// so that bytes travel there and not floats.
/// </summary>
internal sealed class InputNormalizer : IDisposable
{
    private readonly Tensor _scale;
    private readonly Tensor _shift;

    /// <summary>Where the network lies.</summary>
    public Device Device => _scale.device;

    /// <summary>A factor for each channel.</summary>
    public float[] Scale { get; }

    /// <summary>What is added after it.</summary>
    public float[] Shift { get; }

    public InputNormalizer(Preprocessing preprocessing, Device device)
    {
        float[] scale = new float[preprocessing.Channels], shift = new float[preprocessing.Channels];
        for (int c = 0; c < preprocessing.Channels; c++)
        {
            double mean = preprocessing.Mean[preprocessing.Mean.Count == 1 ? 0 : c];
            double std = preprocessing.Std[preprocessing.Std.Count == 1 ? 0 : c];
            scale[c] = (float)(preprocessing.RescaleFactor / std);
            shift[c] = (float)(-mean / std);
        }
        (Scale, Shift) = (scale, shift);
        _scale = tensor(scale, [1, scale.Length, 1, 1], device: device).DetachFromDisposeScope();
        _shift = tensor(shift, [1, shift.Length, 1, 1], device: device).DetachFromDisposeScope();
    }

    /// <summary>Normalises a batch that lies on any device; the result (B, C, H, W), float, lies on the network's.</summary>
    public Tensor Apply(Tensor pixels)
    {
        using Tensor floats = pixels.to(ScalarType.Float32, _scale.device);
        return addcmul(_shift, floats, _scale, 1);
    }

    /// <summary>Frees the constants.</summary>
    public void Dispose()
    {
        _scale.Dispose();
        _shift.Dispose();
    }
}
