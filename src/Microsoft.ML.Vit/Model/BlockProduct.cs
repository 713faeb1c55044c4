using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Another way to compute what a <see cref="Block"/> computes, for scoring. Set as <see cref="Block.Product"/>, whose block it then belongs to; safe for many threads at once.</summary>
internal abstract class BlockProduct : IDisposable
{
    /// <summary>The block's result of tokens (B, T, D), float32, whose memory it may use again: they are not read after this.</summary>
    public abstract Tensor Apply(Tensor x);

    /// <summary>Frees what it holds.</summary>
    public abstract void Dispose();
}
