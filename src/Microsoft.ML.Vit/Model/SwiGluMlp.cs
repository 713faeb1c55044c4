using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// The gated feed-forward half of a block (Shazeer 2020, arXiv 2002.05202), as in DINOv2: <c>fc1</c> holds gate and value packed, and the result is
/// fc2(SiLU(gate) * value). Named as timm's packed SwiGLU.
/// </summary>
internal sealed class SwiGluMlp : nn.Module<Tensor, Tensor>
{
    private readonly Dropout _dropout;

    [ComponentName(Name = "fc1")]
    private readonly Linear _fc1;

    [ComponentName(Name = "fc2")]
    private readonly Linear _fc2;

    public SwiGluMlp(VitConfig config, DropoutSource source)
        : base(nameof(SwiGluMlp))
    {
        _dropout = new Dropout(config.Dropout, source);
        _fc1 = new Linear(config.Width, 2 * config.MlpHiddenSize);
        _fc2 = new Linear(config.MlpHiddenSize, config.Width);
        RegisterComponents();
    }

    /// <summary>Gate and value packed.</summary>
    public Linear Fc1 => _fc1;

    /// <summary>The second product.</summary>
    public Linear Fc2 => _fc2;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) // (B, T, D)
    {
        using var scope = NewDisposeScope();
        bool training = _dropout.IsActive && this.training;
        Tensor hidden = Gate(_fc1.call(x)); // (B, T, hidden)
        hidden = _dropout.Apply(hidden, training);
        x = _dropout.Apply(_fc2.call(hidden), training); // (B, T, D)
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>SiLU(gate) * value of both packed (..., 2 hidden).</summary>
    public static Tensor Gate(Tensor packed)
    {
        using var scope = NewDisposeScope();
        Tensor[] halves = packed.chunk(2, dim: -1); // two of (..., hidden)
        return (nn.functional.silu(halves[0]) * halves[1]).MoveToOuterDisposeScope();
    }
}
