using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
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

    /// <summary>The same for images in memory: on the CPU bytes become the network's input in one go.</summary>
    /// <param name="pixels">count images of the shape, one after the other.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="count">How many.</param>
    public Tensor Apply(ReadOnlySpan<byte> pixels, ImageShape shape, int count)
    {
        if (shape.IsFloat || Device.type != DeviceType.CPU)
        {
            using Tensor batch = shape.NewBatch(count);
            pixels.CopyTo(batch.bytes);
            return Apply(batch);
        }
        Tensor result = empty([count, shape.Channels, shape.Size.Height, shape.Size.Width], ScalarType.Float32);
        Span<float> values = MemoryMarshal.Cast<byte, float>(result.bytes);
        int area = shape.Size.Height * shape.Size.Width;
        for (int plane = 0; plane < count * shape.Channels; plane++)
        {
            Normalize(pixels.Slice(plane * area, area), values.Slice(plane * area, area), Scale[plane % shape.Channels], Shift[plane % shape.Channels]);
        }
        return result;
    }

    private static void Normalize(ReadOnlySpan<byte> from, Span<float> to, float scale, float shift)
    {
        int lanes = Vector<float>.Count, i = 0;
        for (; i <= from.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(from[i..]), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
            Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
            Normalize(first, scale, shift).CopyTo(to[i..]);
            Normalize(second, scale, shift).CopyTo(to[(i + lanes)..]);
            Normalize(third, scale, shift).CopyTo(to[(i + 2 * lanes)..]);
            Normalize(fourth, scale, shift).CopyTo(to[(i + 3 * lanes)..]);
        }
        for (; i < from.Length; i++)
        {
            to[i] = float.FusedMultiplyAdd(from[i], scale, shift);
        }
    }

    /// <summary>Rounded once, as libtorch does it.</summary>
    private static Vector<float> Normalize(Vector<uint> bytes, float scale, float shift) =>
        Vector.FusedMultiplyAdd(Vector.ConvertToSingle(Vector.AsVectorInt32(bytes)), new Vector<float>(scale), new Vector<float>(shift));

    /// <summary>Frees the constants.</summary>
    public void Dispose()
    {
        _scale.Dispose();
        _shift.Dispose();
    }
}
