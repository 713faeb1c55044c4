using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>A layer normalisation whose result goes into a product of bytes, in one pass: its scale and shift hold the product's.</summary>
internal sealed class ByteNormalization
{
    private readonly float _epsilon;
    private readonly float[] _scale;
    private readonly float[] _shift;

    public ByteNormalization(LayerNorm norm, LinearQuantization product)
    {
        _epsilon = (float)norm.Epsilon;
        float[] scale = Values(norm.Weight), shift = Values(norm.Bias);
        // Pinned, since libtorch's threads read them.
        _scale = GC.AllocateUninitializedArray<float>(scale.Length, pinned: true);
        _shift = GC.AllocateUninitializedArray<float>(scale.Length, pinned: true);
        for (int j = 0; j < scale.Length; j++)
        {
            float step = product.InputScale * (product.InputFactors?[j] ?? 1);
            _scale[j] = scale[j] / step;
            _shift[j] = (shift[j] / step) + product.InputZeroPoint;
        }
    }

    /// <summary>Float32 (rows, D), contiguous, to bytes (rows, D).</summary>
    public Tensor Apply(Tensor x) => ByteRows.Normalize(x, _scale, _shift, _epsilon);

    private static float[] Values(Tensor parameter)
    {
        using Tensor values = parameter.detach();
        return values.data<float>().ToArray();
    }
}
