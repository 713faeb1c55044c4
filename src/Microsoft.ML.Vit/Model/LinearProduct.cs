using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Another way to compute what a <see cref="Linear"/> computes, while it only scores: watched for calibration, for example. Set as <see cref="Linear.Product"/>, whose layer it then belongs to.
/// </summary>
internal abstract class LinearProduct : IDisposable
{
    /// <summary>x Wᵀ + b of x (..., in), as float32 (..., out).</summary>
    public abstract Tensor Apply(Tensor x);

    /// <summary>Frees what it holds.</summary>
    public abstract void Dispose();
}
