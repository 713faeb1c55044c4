using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Interop;

/// <summary>What a product of bytes is made of besides its input.</summary>
internal readonly struct Int8Operands
{
    /// <summary>The matrix, packed by <see cref="Int8Kernels.Pack"/>.</summary>
    public required Tensor Weight { get; init; }

    /// <summary>A scale (out) for each output, float32.</summary>
    public required Tensor WeightScales { get; init; }

    /// <summary>Zeros (out), int32.</summary>
    public required Tensor WeightZeroPoints { get; init; }

    /// <summary>The bias (out), float32, where there is one.</summary>
    public required Tensor? Bias { get; init; }

    /// <summary>The input's scale, one float32.</summary>
    public required Tensor Scale { get; init; }

    /// <summary>The byte that stands for zero in the input, one int32.</summary>
    public required Tensor ZeroPoint { get; init; }
}
