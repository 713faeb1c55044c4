using Microsoft.ML.Vit.Interop;
using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>A linear layer as a product of bytes. Safe for many threads at once.</summary>
internal sealed class Int8Linear : IDisposable
{
    private readonly Int8Operands _operands;

    /// <summary>Packs the layer's weights, which must be what quantisation left of them.</summary>
    /// <param name="linear">The layer.</param>
    /// <param name="quantization">Its scales.</param>
    /// <param name="outputFactors">A factor (out) on each output, LayerScale's; null for 1.</param>
    public Int8Linear(Linear linear, LinearQuantization quantization, Tensor? outputFactors)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        Tensor scales = tensor(quantization.WeightScales);
        Tensor bytes = QuantizedWeights.Of(linear.Weight, quantization);
        Tensor? bias = linear.Bias?.detach();
        _operands = new Int8Operands
        {
            Weight = Int8Kernels.Pack(bytes).DetachFromDisposeScope(),
            WeightScales = (outputFactors is null ? scales : scales * outputFactors).DetachFromDisposeScope(),
            WeightZeroPoints = zeros(scales.size(0), ScalarType.Int32).DetachFromDisposeScope(),
            Bias = (outputFactors is null ? bias?.clone() : bias is null ? null : bias * outputFactors)?.DetachFromDisposeScope(),
            Scale = tensor(quantization.InputScale).DetachFromDisposeScope(),
            ZeroPoint = tensor(quantization.InputZeroPoint).DetachFromDisposeScope(),
        };
    }

    /// <summary>Bytes (rows, in) to float32 (rows, out).</summary>
    public Tensor Apply(Tensor x) => Int8Kernels.Multiply(x, _operands);

    /// <summary>Bytes (rows, in) to the activation's bytes (rows, out), which the next layer reads.</summary>
    public Tensor ApplyActivation(Tensor x, VitActivation activation, LinearQuantization next) =>
        Int8Kernels.MultiplyAndActivate(x, _operands, next.InputScale, next.InputZeroPoint, NameOf(activation));

    /// <summary>Adds the result to float32 (rows, out).</summary>
    public void AddTo(Tensor sum, Tensor x) => Int8Kernels.MultiplyAndAdd(x, _operands, sum);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _operands.Weight.Dispose();
        _operands.WeightScales.Dispose();
        _operands.WeightZeroPoints.Dispose();
        _operands.Bias?.Dispose();
        _operands.Scale.Dispose();
        _operands.ZeroPoint.Dispose();
    }

    private static ReadOnlySpan<byte> NameOf(VitActivation activation) => activation switch
    {
        VitActivation.Gelu => "gelu\0none\0"u8,
        VitActivation.GeluTanh => "gelu\0tanh\0"u8,
        VitActivation.Relu => "relu\0none\0"u8,
        VitActivation.Tanh => "tanh\0none\0"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Not an activation."),
    };
}
