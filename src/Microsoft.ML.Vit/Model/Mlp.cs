using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>The feed-forward half of a block: <c>fc1</c>, activation, <c>fc2</c>.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly VitActivation _activation;
    private readonly Dropout _dropout;

    [ComponentName(Name = "fc1")]
    private readonly Linear _fc1;

    [ComponentName(Name = "fc2")]
    private readonly Linear _fc2;

    public Mlp(VitConfig config, DropoutSource source)
        : base(nameof(Mlp))
    {
        _activation = config.Activation;
        _dropout = new Dropout(config.Dropout, source);
        _fc1 = new Linear(config.Width, config.MlpHiddenSize);
        _fc2 = new Linear(config.MlpHiddenSize, config.Width);
        RegisterComponents();
    }

    /// <summary>The first layer.</summary>
    public Linear Fc1 => _fc1;

    /// <summary>The second layer.</summary>
    public Linear Fc2 => _fc2;

    /// <summary>What stands between them.</summary>
    public VitActivation Activation => _activation;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) // (B, T, D)
    {
        using var scope = NewDisposeScope();
        bool training = _dropout.IsActive && this.training;
        Tensor hidden = _activation.Apply(_fc1.call(x)); // (B, T, 4D)
        hidden = _dropout.Apply(hidden, training);
        x = _dropout.Apply(_fc2.call(hidden), training); // (B, T, D)
        return x.MoveToOuterDisposeScope();
    }
}
