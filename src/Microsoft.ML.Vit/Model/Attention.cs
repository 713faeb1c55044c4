using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

/// <summary>Multi-head self-attention (Vaswani et al. 2017) with one product for queries, keys and values.</summary>
internal sealed class Attention : nn.Module<Tensor, Tensor>
{
    /// <summary>
    /// Up to so many tokens products by hand are the faster on a CPU, whose fused kernel multiplies small matrices slowly (measured on a Zen 5 core, forward and backward: 7 times at 65 tokens,
    /// 2.5 times at 197, 1.5 times at 577, 0.55 times at 1025; in bfloat16, forward, 2 to 3 times at 197). From there on the fused kernel also spares the memory of the (T, T) weights.
    /// </summary>
    public const int FusedFromTokens = 640;

    private readonly int _heads;
    private readonly int _headSize;
    private readonly Dropout _attentionDropout;
    private readonly Dropout _dropout;

    [ComponentName(Name = "qkv")]
    private readonly Linear _qkv;

    [ComponentName(Name = "q_norm")]
    private readonly LayerNorm? _queryNorm;

    [ComponentName(Name = "k_norm")]
    private readonly LayerNorm? _keyNorm;

    [ComponentName(Name = "proj")]
    private readonly Linear _projection;

    public Attention(VitConfig config, DropoutSource source)
        : base(nameof(Attention))
    {
        _heads = config.Heads;
        _headSize = config.HeadSize;
        _attentionDropout = new Dropout(config.AttentionDropout, source);
        _dropout = new Dropout(config.Dropout, source);
        _qkv = new Linear(config.Width, 3 * config.Width, config.QkvBias);
        if (config.QkNorm)
        {
            _queryNorm = new LayerNorm(_headSize, config.NormEpsilon);
            _keyNorm = new LayerNorm(_headSize, config.NormEpsilon);
        }
        _projection = new Linear(config.Width, config.Width);
        RegisterComponents();
    }

    /// <summary>The packed projection: rows are queries, keys, values, each head by head.</summary>
    public Linear Qkv => _qkv;

    /// <summary>The output projection.</summary>
    public Linear Projection => _projection;

    /// <summary>Whether queries and keys are normalised.</summary>
    public bool NormalizesQueries => _queryNorm is not null;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x) => forward(x, null);

    /// <summary>As the other, and adds the attention weights (B, H, T, T), which gradients can be asked of, where a list is given.</summary>
    public Tensor forward(Tensor x, List<Tensor>? weights) // (B, T, D)
    {
        using var scope = NewDisposeScope();
        bool training = (_attentionDropout.IsActive || _dropout.IsActive) && this.training;
        x = Attend(_qkv.call(x), training, weights);
        x = _dropout.Apply(_projection.call(x), training);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>The heads' results side by side (B, T, D) of queries, keys and values packed (B, T, 3D): all between the two products.</summary>
    public Tensor Attend(Tensor x, bool training, List<Tensor>? weights)
    {
        using var scope = NewDisposeScope();
        long batch = x.size(0), tokens = x.size(1), width = x.size(2) / 3;
        Tensor[] qkv = x
            .reshape(batch, tokens, 3, _heads, _headSize)
            .permute(2, 0, 3, 1, 4)
            .unbind(0); // three of (B, H, T, D/H)
        Tensor query = _queryNorm?.call(qkv[0]).to(x.dtype) ?? qkv[0];
        Tensor key = _keyNorm?.call(qkv[1]).to(x.dtype) ?? qkv[1];

        bool fasterByHand = x.device_type == DeviceType.CPU && tokens < FusedFromTokens;
        x = fasterByHand || weights is not null || (training && _attentionDropout.IsActive)
            ? AttendByHand(query, key, qkv[2], training, weights)
            : nn.functional.scaled_dot_product_attention(query, key, qkv[2]);
        x = x.transpose(1, 2).reshape(batch, tokens, width); // heads side by side: (B, T, D)
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same by hand: the fused kernel is slow for few tokens on a CPU, keeps its weights to itself, and draws its dropout from the process-wide generator, so that two trainings would disturb each other.
    /// </summary>
    private Tensor AttendByHand(Tensor query, Tensor key, Tensor value, bool training, List<Tensor>? weights)
    {
        Tensor scores = (query * (1 / Math.Sqrt(_headSize))).matmul(key.transpose(-2, -1)); // (B, H, T, T)
        Tensor attention = scores.softmax(-1);
        weights?.Add(attention.DetachFromDisposeScope());
        return _attentionDropout.Apply(attention, training && _attentionDropout.IsActive).matmul(value); // (B, H, T, D/H)
    }
}
