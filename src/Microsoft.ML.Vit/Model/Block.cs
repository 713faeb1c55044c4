using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>
/// One pre-norm transformer block: x + attn(norm1(x)), then x + mlp(norm2(x)), each branch with its LayerScale and drop path. Tokens and normalisation are float32;
/// the branches compute in <see cref="ComputeType"/>.
/// </summary>
internal sealed class Block : nn.Module<Tensor, Tensor>
{
    private readonly DropPath _dropPath;

    [ComponentName(Name = "norm1")]
    private readonly LayerNorm _norm1;

    [ComponentName(Name = "attn")]
    private readonly Attention _attention;

    [ComponentName(Name = "ls1")]
    private readonly LayerScale? _scale1;

    [ComponentName(Name = "norm2")]
    private readonly LayerNorm _norm2;

    [ComponentName(Name = "mlp")]
    private readonly nn.Module<Tensor, Tensor> _mlp;

    [ComponentName(Name = "ls2")]
    private readonly LayerScale? _scale2;

    public Block(VitConfig config, int index, DropoutSource source)
        : base(nameof(Block))
    {
        _dropPath = new DropPath(config.DropPathOf(index), source);
        _norm1 = new LayerNorm(config.Width, config.NormEpsilon);
        _attention = new Attention(config, source);
        _norm2 = new LayerNorm(config.Width, config.NormEpsilon);
        _mlp = config.SwiGlu ? new SwiGluMlp(config, source) : new Mlp(config, source);
        if (config.LayerScale is not null)
        {
            _scale1 = new LayerScale(config.Width);
            _scale2 = new LayerScale(config.Width);
        }
        RegisterComponents();
    }

    /// <summary>What the branches compute in: float32, or bfloat16 as under PyTorch's autocast.</summary>
    public ScalarType ComputeType { get; set; } = ScalarType.Float32;

    /// <summary>The attention of this block.</summary>
    public Attention Attention => _attention;

    /// <summary>The feed-forward half, an <see cref="Mlp"/> or a <see cref="SwiGluMlp"/>.</summary>
    public nn.Module<Tensor, Tensor> FeedForward => _mlp;

    /// <summary>Before the attention.</summary>
    public LayerNorm Norm1 => _norm1;

    /// <summary>Before the feed-forward half.</summary>
    public LayerNorm Norm2 => _norm2;

    /// <summary>The attention's factors, where there are any.</summary>
    public LayerScale? Scale1 => _scale1;

    /// <summary>The feed-forward half's factors, where there are any.</summary>
    public LayerScale? Scale2 => _scale2;

    /// <summary>Of both branches.</summary>
    public DropPath DropPath => _dropPath;

    /// <summary>What computes in place of the block while it only scores; freed with it. Null for the block itself.</summary>
    public BlockProduct? Product { get; set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => forward(x, null);

    /// <summary>As the other, and adds the attention weights (B, H, T, T) where a list is given.</summary>
    public Tensor forward(Tensor x, List<Tensor>? weights) // (B, T, D)
    {
        if (Product is not null && weights is null)
        {
            return Product.Apply(x);
        }
        using var scope = NewDisposeScope();
        bool training = _dropPath.IsActive && this.training;
        x = x + Branch(_attention.forward(_norm1.call(x).to(ComputeType), weights), _scale1, training);
        x = x + Branch(_mlp.call(_norm2.call(x).to(ComputeType)), _scale2, training);
        return x.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Product?.Dispose();
        }
        base.Dispose(disposing);
    }

    private Tensor Branch(Tensor x, LayerScale? scale, bool training) =>
        _dropPath.Apply(scale?.call(x) ?? x, training);
}
