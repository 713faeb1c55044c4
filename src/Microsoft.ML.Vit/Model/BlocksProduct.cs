using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// Another way to compute what all blocks of a network compute, for scoring. Set as <see cref="VisionTransformer.BlocksProduct"/>, whose network it then belongs to; safe for many threads at once.
/// </summary>
internal abstract class BlocksProduct : IDisposable
{
    /// <summary>The last block's tokens (B, T, D), not yet normalised, of the first's, which it may change.</summary>
    public abstract Tensor Apply(Tensor tokens);

    /// <summary>Frees what it holds.</summary>
    public abstract void Dispose();
}
