namespace Microsoft.ML.Vit.Quantization;

/// <summary>The four products of a block.</summary>
internal sealed record BlockQuantization(LinearQuantization Qkv, LinearQuantization Projection, LinearQuantization Fc1, LinearQuantization Fc2);
