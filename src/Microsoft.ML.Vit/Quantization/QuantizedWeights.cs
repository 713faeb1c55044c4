using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>
/// Weights and their bytes. A quantised layer keeps float32 weights with the bytes' values, for whatever needs more than scoring; the bytes come from them again without loss.
/// </summary>
internal static class QuantizedWeights
{
    /// <summary>The largest magnitude: -128 is left out, so that signs are alike.</summary>
    public const int Largest = 127;

    /// <summary>The bytes (out, in), int8, of float32 weights.</summary>
    public static Tensor Of(Tensor weight, LinearQuantization quantization)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor scaled = weight / Rows(quantization);
        scaled = quantization.InputFactors is { } factors ? scaled.mul_(tensor(factors)) : scaled;
        return scaled.round_().clamp_(-Largest, Largest).to(ScalarType.Int8).MoveToOuterDisposeScope();
    }

    /// <summary>Overwrites float32 weights by the values of bytes (out, in).</summary>
    public static void Restore(Tensor weight, Tensor bytes, LinearQuantization quantization)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor values = bytes.to(ScalarType.Float32).mul_(Rows(quantization));
        weight.copy_(quantization.InputFactors is { } factors ? values.div_(tensor(factors)) : values);
    }

    private static Tensor Rows(LinearQuantization quantization) => tensor(quantization.WeightScales).unsqueeze(1);
}
