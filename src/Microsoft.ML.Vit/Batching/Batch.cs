using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Batching;

/// <summary>The images of one training step or of one forward pass of the evaluator, on the CPU. Owns its tensors.</summary>
/// <param name="Pixels">Raw, augmented: (B, C, H, W), bytes or floats.</param>
/// <param name="Labels">Classes from 0: (B), int64.</param>
/// <param name="Index">The batch's place in its epoch, from 0.</param>
internal sealed record Batch(Tensor Pixels, Tensor Labels, int Index) : IDisposable
{
    /// <summary>Number of images.</summary>
    public int Count => (int)Labels.size(0);

    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Pixels.Dispose();
        Labels.Dispose();
    }
}
