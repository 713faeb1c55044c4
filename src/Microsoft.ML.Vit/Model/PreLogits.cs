using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>The hidden layer of an MLP head: <c>fc</c> and its activation.</summary>
internal sealed class PreLogits : nn.Module<Tensor, Tensor>
{
    private readonly VitActivation _activation;

    [ComponentName(Name = "fc")]
    private readonly Linear _fc;

    public PreLogits(long width, long hidden, VitActivation activation)
        : base(nameof(PreLogits))
    {
        _activation = activation;
        _fc = new Linear(width, hidden);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) // (B, D)
    {
        using Tensor hidden = _fc.call(x); // (B, hidden)
        return _activation.Apply(hidden);
    }
}
