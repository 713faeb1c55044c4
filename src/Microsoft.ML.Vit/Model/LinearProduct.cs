using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Another way to compute what a <see cref="Linear"/> computes, for scoring: its weights packed, or in another precision. Set as <see cref="Linear.Product"/>, whose layer it then belongs to; safe for
/// many threads at once.
/// </summary>
internal abstract class LinearProduct : IDisposable
{
    /// <summary>x Wᵀ + b of x (..., in), as float32 (..., out).</summary>
    public abstract Tensor Apply(Tensor x);

    /// <summary>GELU(x Wᵀ + b), exact; one pass over memory where the kernel can do it while it multiplies.</summary>
    public virtual Tensor ApplyGelu(Tensor x)
    {
        using Tensor y = Apply(x);
        return y.gelu();
    }

    /// <summary>x Wᵀ + b + addend, which has the result's shape.</summary>
    public virtual Tensor ApplyAdd(Tensor x, Tensor addend) => Apply(x).add_(addend);

    /// <summary>Frees what it holds.</summary>
    public abstract void Dispose();
}
