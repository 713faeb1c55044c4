namespace Microsoft.ML.Vit.Quantization;

/// <summary>
/// How a linear layer becomes a product of bytes: an input value x of channel j is the byte round(x / (factor j * scale)) + zero point, a weight of the row i and the channel j the signed byte
/// round(w * factor j / weight scale i).
/// </summary>
/// <param name="WeightScales">One for each output.</param>
/// <param name="InputScale">One for the whole input.</param>
/// <param name="InputZeroPoint">The byte that stands for zero, 0 to 255.</param>
/// <param name="InputFactors">One for each channel, which move range from the inputs to the weights (Xiao et al. 2022, arXiv 2211.10438); null for 1.</param>
internal sealed record LinearQuantization(float[] WeightScales, float InputScale, int InputZeroPoint, float[]? InputFactors);
