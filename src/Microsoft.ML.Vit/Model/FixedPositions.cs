using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// The table of fixed positions of one network. It follows from the configuration, so it is no parameter, no buffer and in no file; kept out of TorchSharp's sight because its
/// non-persistent buffers are neither moved nor disposed with their module (0.107).
/// </summary>
internal sealed class FixedPositions(VitConfig config) : IDisposable
{
    /// <summary>The positions of the patches (N, D), on the network's device.</summary>
    public Tensor Table { get; private set; } = SinCosPositions.Table(config.Grid, config.Width).DetachFromDisposeScope();

    /// <summary>Follows the network to a type or device.</summary>
    public void To(ScalarType? dtype, Device? device)
    {
        Tensor moved = Table.to(dtype ?? Table.dtype, device ?? Table.device);
        if (!ReferenceEquals(moved, Table))
        {
            moved.DetachFromDisposeScope();
            Table.Dispose();
            Table = moved;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Table.Dispose();
}
