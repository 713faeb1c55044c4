namespace Microsoft.ML.Vit;

/// <summary>What the weights are before the first step.</summary>
public enum VitInitialization
{
    /// <summary>timm's: truncated normals of standard deviation 0.02 for matrices and positions, zero biases.</summary>
    Timm,

    /// <summary>
    /// Mimetic (Trockman and Kolter 2023, arXiv 2305.09828): attention starts out as it looks in trained transformers, and positions start
    /// as two-dimensional sines and cosines. Costs milliseconds, changes no shape, and learns faster from few images.
    /// </summary>
    Mimetic,
}
