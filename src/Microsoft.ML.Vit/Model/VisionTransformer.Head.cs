using static TorchSharp.torch;

namespace Microsoft.ML.Vit.Model;

// From the last block's tokens to the logits.
internal sealed partial class VisionTransformer
{
    /// <summary>Whether <see cref="forward"/> takes what the head reads, (B, HeadInputSize, 1, 1), in place of images: for a training of the head alone, which need not see an image twice.</summary>
    public bool ReadsHeadInput { get; set; }

    /// <summary>Of each token, where pooling comes after it.</summary>
    public LayerNorm? Norm => _norm;

    /// <summary>Of what is pooled, where pooling comes before it.</summary>
    public LayerNorm? PooledNorm => _pooledNorm;

    /// <summary>The head's hidden layer, where it has one.</summary>
    public PreLogits? PreLogits => _preLogits;

    /// <summary>The classifier, where there is one.</summary>
    public Linear? Head => _head;

    /// <summary>The distillation token's classifier, where there is one.</summary>
    public Linear? DistillationHead => _distillationHead;

    /// <summary>Length of <see cref="HeadInput"/> for one image.</summary>
    public int HeadInputSize => _distillationHead is null ? Config.PooledSize : 2 * Config.Width;

    /// <summary>Logits (B, Classes) of the tokens (B, T, D) that the last block gives.</summary>
    public Tensor Classify(Tensor tokens)
    {
        using Tensor input = HeadInput(tokens);
        return ApplyHead(input);
    }

    /// <summary>What the head reads (B, HeadInputSize) of the tokens (B, T, D) that the last block gives: the pooled vector, or the two tokens of two heads.</summary>
    public Tensor HeadInput(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        Tensor features = _norm?.call(tokens) ?? tokens;
        return (_distillationHead is null ? Pool(features) : features.narrow(1, 0, 2).flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>What the head reads (B, HeadInputSize) of normalised images (B, C, H, W).</summary>
    public Tensor HeadInputOf(Tensor images)
    {
        using var scope = NewDisposeScope();
        return HeadInput(Encode(EmbedPatches(images))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The vector (B, PooledSize) that the head reads, from what <see cref="ForwardFeatures"/> gives, normalised. Of two heads, which read a token each, it is the
    /// tokens' mean, as timm's embedding is.
    /// </summary>
    public Tensor Pool(Tensor features)
    {
        using var scope = NewDisposeScope();
        Tensor Mean() => features.narrow(1, Config.PrefixTokens, features.size(1) - Config.PrefixTokens).mean([1]);
        Tensor pooled = Config.Pooling switch
        {
            VitPooling.Mean => _pooledNorm!.call(Mean()),
            VitPooling.NormalizedMean => Mean(),
            VitPooling.ClassTokenAndMean => cat([features.select(1, 0), Mean()], 1),
            _ => _distillationHead is null ? features.select(1, 0) : features.narrow(1, 0, 2).mean([1]),
        };
        return pooled.MoveToOuterDisposeScope();
    }

    private Tensor ApplyHead(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (_distillationHead is not null)
        {
            Tensor classLogits = _head!.call(input.narrow(1, 0, Config.Width)), distilled = _distillationHead.call(input.narrow(1, Config.Width, Config.Width));
            return ((classLogits + distilled) / 2).MoveToOuterDisposeScope();
        }
        Tensor x = _preLogits?.call(input) ?? input;
        x = _head?.call(x) ?? x;
        return (ReferenceEquals(x, input) ? input.alias() : x).MoveToOuterDisposeScope();
    }
}
