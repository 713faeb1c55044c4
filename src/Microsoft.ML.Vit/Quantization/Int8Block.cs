using Microsoft.ML.Vit.Model;
using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Quantization;

/// <summary>
/// A block whose four products are of bytes. Tokens, normalisation, attention between the products and softmax stay float32; LayerScale lies in the weights' scales, the activation is fused into the first
/// feed-forward product, and both branches are added to the tokens by the product that ends them.
/// </summary>
internal sealed class Int8Block : BlockProduct
{
    private readonly Attention _attention;
    private readonly VitActivation? _activation;
    private readonly int? _headSize;
    private readonly ByteNormalization _norm1;
    private readonly ByteNormalization _norm2;
    private readonly Int8Linear _qkv;
    private readonly Int8Linear _projection;
    private readonly Int8Linear _fc1;
    private readonly Int8Linear _fc2;

    /// <summary>Packs the block's weights, which must be what quantisation left of them. The block stays the owner of its attention.</summary>
    public Int8Block(Block block, BlockQuantization quantization, VitConfig config)
    {
        Quantization = quantization;
        _attention = block.Attention;
        _activation = config.SwiGlu ? null : config.Activation;
        _headSize = config.QkNorm ? null : config.HeadSize;
        (Linear fc1, Linear fc2) = FeedForward(block);
        _norm1 = new ByteNormalization(block.Norm1, quantization.Qkv);
        _norm2 = new ByteNormalization(block.Norm2, quantization.Fc1);
        _qkv = new Int8Linear(block.Attention.Qkv, quantization.Qkv, null);
        _projection = new Int8Linear(block.Attention.Projection, quantization.Projection, block.Scale1?.Gamma);
        _fc1 = new Int8Linear(fc1, quantization.Fc1, null);
        _fc2 = new Int8Linear(fc2, quantization.Fc2, block.Scale2?.Gamma);
    }

    /// <summary>Its scales.</summary>
    public BlockQuantization Quantization { get; }

    /// <summary>The two products of a block's feed-forward half.</summary>
    public static (Linear Fc1, Linear Fc2) FeedForward(Block block) => block.FeedForward switch
    {
        Mlp mlp => (mlp.Fc1, mlp.Fc2),
        SwiGluMlp mlp => (mlp.Fc1, mlp.Fc2),
        _ => throw new InvalidOperationException($"A feed-forward half {block.FeedForward.GetType().Name} is not known."),
    };

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x) // (B, T, D)
    {
        using var scope = NewDisposeScope();
        long batch = x.size(0), tokens = x.size(1), width = x.size(2);
        Tensor rows = x.reshape(batch * tokens, width).contiguous(); // the same memory but for a first block's transposed patches

        Tensor qkv = _qkv.Apply(_norm1.Apply(rows)); // (B T, 3D)
        Tensor heads = _headSize is { } size && ByteAttention.Pays(tokens, size)
            ? ByteAttention.Apply(qkv, tokens, size, Quantization.Projection)
            : ByteRows.Quantize(_attention.Attend(qkv.view(batch, tokens, 3 * width), training: false, weights: null).reshape(batch * tokens, width).contiguous(), Quantization.Projection);
        _projection.AddTo(rows, heads);

        Tensor input = _norm2.Apply(rows);
        Tensor hidden = _activation is { } activation
            ? _fc1.ApplyActivation(input, activation, Quantization.Fc2)
            : ByteRows.Quantize(SwiGluMlp.Gate(_fc1.Apply(input)), Quantization.Fc2);
        _fc2.AddTo(rows, hidden);
        return rows.view(batch, tokens, width).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _qkv.Dispose();
        _projection.Dispose();
        _fc1.Dispose();
        _fc2.Dispose();
    }
}
