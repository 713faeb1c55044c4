using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

// The network's weights as a whole: their first values, their names, where they lie.
internal sealed partial class VisionTransformer
{
    /// <summary>Gives all weights their values before training, from the generator alone.</summary>
    public void Initialize(VitInitialization initialization, Generator generator)
    {
        switch (initialization)
        {
            case VitInitialization.Timm:
                TimmInitialization.Apply(this, generator);
                break;
            case VitInitialization.Mimetic:
                MimeticInitialization.Apply(this, generator);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(initialization), initialization, "Not an initialisation.");
        }
    }

    /// <summary>Parameters and buffers by their names in a checkpoint, in the network's order; the tensors themselves, not copies.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State()
    {
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            yield return (name, parameter);
        }
        foreach ((string name, Tensor buffer) in named_buffers())
        {
            yield return (name, buffer);
        }
    }

    /// <inheritdoc/>
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        base._toEpilog(dtype, device, non_blocking);
        _fixedPositions?.To(dtype, device);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _fixedPositions?.Dispose();
            BlocksProduct?.Dispose();
        }
    }
}
