namespace Microsoft.ML.Vit;

/// <summary>
/// The type of numbers that the blocks' matrix products are computed in, and that their weights are kept in for scoring. Weights while they train, normalisation, softmax statistics and loss are 32-bit floats
/// always.
/// </summary>
public enum VitPrecision
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>
    /// bfloat16: faster on GPUs and on CPUs that multiply it in hardware, slower on others. Training goes from and to 32-bit weights, as PyTorch's autocast; for scoring the blocks' weights are kept in bfloat16, half the
    /// memory, and scores differ by up to 0.02 from those of 32 bits.
    /// </summary>
    BFloat16,

    /// <summary>bfloat16 where this machine multiplies matrices of the network's own sizes at least a quarter faster in it: measured once a process, and told in the log.</summary>
    Auto,
}
