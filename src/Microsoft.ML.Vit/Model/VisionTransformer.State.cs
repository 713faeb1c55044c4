using TorchSharp;
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

    /// <summary>
    /// Keeps the matrices and biases of the blocks, nearly all of the weights, in the type, and computes in it; for scoring only, since training needs them in float32. To bfloat16 they are rounded to
    /// eight bits; to float32 nothing changes. The parameters are new ones then.
    /// </summary>
    public void KeepMatricesIn(ScalarType type)
    {
        foreach (Linear layer in _blocks.SelectMany(block => block.modules()).OfType<Linear>().Where(layer => layer.Weight.dtype != type))
        {
            layer.to(type);
        }
        ComputeType = type;
    }

    /// <summary>A network of the same architecture on the same device, with the same values, which shares nothing with this one.</summary>
    /// <param name="type">What its blocks' matrices are kept in.</param>
    public VisionTransformer Copy(ScalarType type)
    {
        using var noGradients = no_grad();
        var copy = new VisionTransformer(Config, generator: null);
        copy.KeepMatricesIn(type);
        copy.to(_blocks[0].Attention.Qkv.Weight.device);
        foreach (((string, Tensor Value) to, (string, Tensor Value) from) in copy.State().Zip(State()))
        {
            to.Value.copy_(from.Value);
        }
        return copy;
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
        }
    }
}
