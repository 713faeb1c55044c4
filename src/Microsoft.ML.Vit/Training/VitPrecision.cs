namespace Microsoft.ML.Vit;

/// <summary>The type of numbers that the blocks' matrix products are computed in. Weights, normalisation, softmax statistics and loss are 32-bit floats always.</summary>
public enum VitPrecision
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>bfloat16, from and to 32-bit weights, as PyTorch's autocast: faster on GPUs and on CPUs that multiply it in hardware, slower on others.</summary>
    BFloat16,

    /// <summary>bfloat16 where this machine multiplies matrices of the network's own sizes at least a quarter faster in it: measured when training starts, and told in the log.</summary>
    Auto,
}
